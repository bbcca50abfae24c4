import { durationMs } from '#platform';
import type { CollectorSpec, PrometheusSpec, ScrapeSpec } from './collector-schema.js';
import { signalsOf, type SignalLine, type Vector } from './lines/line.js';
import { presetLines, promqlLine, quantileSignal } from './presets/preset-lines.js';

/**
 * Everything that a collector reads, line by line.
 *
 * @throws Error that says what does not fit: a signal that a preset does not have, or one that two lines give
 */
export function collectorLines(spec: CollectorSpec): SignalLine[] {
  const context = { model: spec.model, windowMs: durationMs(spec.rateWindow) };
  const own = spec.kind === 'prometheus' ? queryLines(spec) : histogramLines(spec);
  const lines = [...spec.presets.flatMap((use) => presetLines(use, context)), ...own];
  const signals = lines.flatMap(signalsOf);
  // Two queries of one signal are the operator's own; two presets would write over each other.
  const fromPresets = signals.slice(0, signals.length - own.flatMap(signalsOf).length);
  const twice = fromPresets.find(
    (signal, index) => fromPresets.indexOf(signal) !== index || signals.lastIndexOf(signal) !== index,
  );
  if (twice !== undefined)
    throw new Error(
      `two lines give the signal ${twice}: leave it out of one preset with lines: { ${twice}: null }`,
    );
  return lines;
}

/** What does not fit in a collector's configuration, for the one who wrote it; null when all does. */
export function collectorProblem(spec: CollectorSpec): string | null {
  try {
    collectorLines(spec);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function queryLines({ queries }: PrometheusSpec): SignalLine[] {
  return queries.map(({ signal, unit, query }) => promqlLine(signal, unit, query));
}

/** The lines of `latency` and `requests`: a histogram and a counter with names of the operator's own. */
function histogramLines(spec: ScrapeSpec): SignalLine[] {
  const { latency, requests, matchers, versionLabel } = spec;
  const equal = Object.entries(matchers).filter(([, match]) => typeof match === 'string');
  const line = (parts: Pick<SignalLine, 'signal' | 'unit' | 'reading'>, scale = 1): SignalLine => ({
    ...parts,
    by: {
      ...Object.fromEntries(equal.map(([label]) => [label, [label]])),
      ...(versionLabel === undefined ? {} : { version: [versionLabel] }),
    },
    scale,
    isComplement: false,
    isOptional: false,
  });
  const rate = (metric: string, where: Vector['where'] = {}): Vector => ({
    ...{ metrics: [metric], of: 'rate', where: { ...matchers, ...where }, across: 'sum' },
  });
  const throughput = (metric: string): SignalLine =>
    line({
      signal: 'throughput_rps',
      unit: 'requests per second',
      reading: { kind: 'value', of: [rate(metric)] },
    });
  const lines: SignalLine[] = [];
  if (latency !== undefined) {
    const quantiles = latency.quantiles.map((q) => ({ q, signal: quantileSignal('latency', q) }));
    const reading = { kind: 'quantiles', histogram: rate(`${latency.metric}_bucket`), quantiles } as const;
    lines.push(line({ signal: 'latency', unit: 'seconds', reading }, latency.unit === 'seconds' ? 1 : 0.001));
    if (requests === undefined) lines.push(throughput(`${latency.metric}_count`));
  }
  if (requests !== undefined) {
    const errors = (digit: 4 | 5): SignalLine =>
      line({
        signal: `error_ratio_${digit}xx`,
        unit: 'ratio',
        reading: {
          kind: 'ratio',
          of: [rate(requests.metric, { [requests.statusLabel]: { matches: `${digit}..` } })],
          to: [rate(requests.metric)],
        },
      });
    lines.push(errors(4), errors(5), throughput(requests.metric));
  }
  return lines;
}
