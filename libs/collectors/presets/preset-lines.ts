import {
  signalsOf,
  type LabelMatch,
  type Matchers,
  type Reading,
  type SignalLine,
  type Vector,
} from '../lines/line.js';
import { escapePattern } from '../lines/matchers.js';
import { promDuration, selector } from '../lines/promql.js';
import type { MatchTemplates, Preset, PresetLine, ReadingTemplate, VectorTemplate } from './preset.js';
import type { PresetUse } from './preset-schema.js';
import { PRESETS } from './presets.js';

export interface PresetContext {
  /** The model of the collector. */
  readonly model: string;
  readonly windowMs: number;
}

/** `latency_p99_seconds` for 0.99, `latency_p99_9_seconds` for 0.999. */
export function quantileSignal(prefix: string, q: number): string {
  return `${prefix}_p${String(Number((q * 100).toPrecision(12))).replace('.', '_')}_seconds`;
}

/**
 * The lines of a preset as this use of it reads them: names, conditions and parameters filled in; what it leaves out is gone, and what
 * it replaces is PromQL.
 *
 * @throws Error that names a signal in `lines` which the preset does not have
 */
export function presetLines(use: PresetUse, context: PresetContext): SignalLine[] {
  const filling = new Filling(PRESETS[use.preset], use, context);
  const lines = PRESETS[use.preset].lines.map((line) => filling.line(line));
  const known = lines.flatMap(signalsOf);
  const unknown = Object.keys(use.lines).find((signal) => !known.includes(signal));
  if (unknown !== undefined)
    throw new Error(`the preset ${use.preset} has no signal ${unknown}; it has ${known.join(', ')}`);
  const kept = lines.flatMap((line) => without(line, new Set(Object.keys(use.lines))));
  const replaced = Object.entries(use.lines).flatMap(([signal, override]) =>
    override === null ? [] : [promqlLine(signal, override.unit, override.query)],
  );
  return [...kept, ...replaced];
}

/** A signal that is PromQL as it stands; the labels of its series are the signal's. */
export function promqlLine(signal: string, unit: string, query: string): SignalLine {
  return {
    ...{ signal, unit, reading: { kind: 'promql', query } },
    ...{ by: {}, scale: 1, isComplement: false, isOptional: false },
  };
}

function without(line: SignalLine, signals: ReadonlySet<string>): SignalLine[] {
  const { reading } = line;
  if (reading.kind !== 'quantiles') return signals.has(line.signal) ? [] : [line];
  const quantiles = reading.quantiles.filter(({ signal }) => !signals.has(signal));
  return quantiles.length === 0 ? [] : [{ ...line, reading: { ...reading, quantiles } }];
}

const PARAMETER = /\$\{(\w+)\}/g;

/** Fills a preset's templates for one use of it. */
class Filling {
  private readonly parameters: Readonly<Record<string, string>>;

  constructor(
    private readonly preset: Preset,
    private readonly use: PresetUse,
    private readonly context: PresetContext,
  ) {
    this.parameters =
      preset.modelParameter === null
        ? use.parameters
        : { [preset.modelParameter]: context.model, ...use.parameters };
  }

  line({ signal, unit, reading, by, scale, isComplement, isOptional }: PresetLine): SignalLine {
    const { versionLabel = this.preset.versionLabel } = this.use;
    return {
      signal,
      unit,
      reading: this.reading(reading),
      // What names its own labels, as a pod's resources do, is of no version unless it says so.
      by: { ...by, ...(versionLabel === null ? {} : { version: [versionLabel] }) },
      scale: scale ?? 1,
      isComplement: isComplement ?? false,
      isOptional: isOptional ?? false,
    };
  }

  private reading(template: ReadingTemplate): Reading {
    switch (template.kind) {
      case 'quantiles':
        return {
          kind: 'quantiles',
          histogram: this.vector(template.histogram, '_bucket'),
          quantiles: this.use.quantiles.map((q) => ({ q, signal: quantileSignal(template.prefix, q) })),
        };
      case 'value':
        return { kind: 'value', of: template.of.map((vector) => this.vector(vector)) };
      case 'ratio':
        return {
          kind: 'ratio',
          of: template.of.map((vector) => this.vector(vector)),
          to: template.to.map((vector) => this.vector(vector)),
        };
      case 'promql':
        return { kind: 'promql', query: this.query(template) };
    }
  }

  private vector({ metric, of, where, across }: VectorTemplate, suffix = ''): Vector {
    return {
      metrics: this.names(metric).map((name) => `${name}${suffix}`),
      of,
      where: this.matchers(where),
      across,
    };
  }

  /** `{{key}}` and `{{key:label="value"}}` as selectors, `{{window}}` as a duration. */
  private query({ query, where }: Extract<ReadingTemplate, { kind: 'promql' }>): string {
    return query.replace(
      /\{\{(\w+)(?::(\w+)="([^"]*)")?\}\}/g,
      (_, key: string, label?: string, value?: string) => {
        if (key === 'window') return promDuration(this.context.windowMs);
        const [metric = key] = this.names(key);
        const more = label === undefined || value === undefined ? {} : { [label]: value };
        return selector(metric, { ...this.matchers(where ?? {}), ...more });
      },
    );
  }

  private names(key: string): readonly string[] {
    const names = this.use.metrics[key] ?? this.preset.metrics[key];
    if (names === undefined) throw new Error(`the preset ${this.use.preset} has no metric ${key}`);
    return typeof names === 'string' ? [names] : names;
  }

  private matchers(where: MatchTemplates): Matchers {
    const filled: Record<string, LabelMatch> = {};
    for (const [label, template] of Object.entries({ ...this.preset.where, ...where })) {
      const match = this.match(template);
      if (match !== null) filled[label] = match;
    }
    return { ...filled, ...this.use.select };
  }

  /** The condition with its parameters filled in; null when one has no value. */
  private match(template: LabelMatch): LabelMatch | null {
    if (typeof template === 'string') return this.text(template, (value) => value);
    if ('not' in template) {
      const not = this.text(template.not, (value) => value);
      return not === null ? null : { not };
    }
    const pattern = this.text('matches' in template ? template.matches : template.notMatches, escapePattern);
    if (pattern === null) return null;
    return 'matches' in template ? { matches: pattern } : { notMatches: pattern };
  }

  private text(template: string, escape: (value: string) => string): string | null {
    const names = [...template.matchAll(PARAMETER)].map(([, name]) => name ?? '');
    if (names.some((name) => this.parameters[name] === undefined)) return null;
    return template.replace(PARAMETER, (_, name: string) => escape(this.parameters[name] ?? ''));
  }
}
