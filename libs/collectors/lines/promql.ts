import { keptLabels, type LabelMatch, type Matchers, type SignalLine, type Vector } from './line.js';

/** What a query of a vector looks back on, in milliseconds. */
export interface LookBack {
  /** The window of rates and increases. */
  readonly windowMs: number;
  /** How old the newest sample of a gauge may be; as old as the server lets it when null. */
  readonly staleAfterMs: number | null;
}

/** The PromQL of one vector, one series per label set of `labels`. */
export function vectorQuery(vector: Vector, labels: readonly string[], lookBack: LookBack): string {
  const by = labels.length === 0 ? '' : ` by (${labels.join(', ')})`;
  return vector.metrics
    .map((metric) => `${vector.across}${by} (${seriesOf(vector, metric, lookBack)})`)
    .join(' or ');
}

/** The labels that a line's vectors keep: those of the signal, and the bound of a bucket. */
export function vectorLabels(line: SignalLine): readonly string[] {
  return line.reading.kind === 'quantiles' ? ['le', ...keptLabels(line)] : keptLabels(line);
}

/** The PromQL that gives what the line gives, for people: what to paste into Prometheus to see the same number. */
export function lineQueries(line: SignalLine, lookBack: LookBack): { signal: string; query: string }[] {
  const { reading, signal } = line;
  const labels = vectorLabels(line);
  const sum = (vectors: readonly Vector[]): string =>
    vectors.map((vector) => vectorQuery(vector, labels, lookBack)).join(' + ');
  const shown = (name: string, query: string): { signal: string; query: string } => {
    const scaled = line.scale === 1 ? query : `${String(line.scale)} * (${query})`;
    return { signal: name, query: line.isComplement ? `1 - ${scaled}` : scaled };
  };
  switch (reading.kind) {
    case 'promql':
      return [{ signal, query: reading.query }];
    case 'quantiles':
      return reading.quantiles.map((quantile) =>
        shown(quantile.signal, `histogram_quantile(${String(quantile.q)}, ${sum([reading.histogram])})`),
      );
    case 'value':
      return [shown(signal, sum(reading.of))];
    case 'ratio':
      return [shown(signal, `(${sum(reading.of)}) / ((${sum(reading.to)}) > 0)`)];
  }
}

/** A selector, `metric{a="b"}`. */
export function selector(metric: string, matchers: Matchers): string {
  const conditions = Object.entries(matchers).map(([label, match]) => `${label}${condition(match)}`);
  return conditions.length === 0 ? metric : `${metric}{${conditions.join(',')}}`;
}

/** A duration as PromQL writes it: whole milliseconds. */
export function promDuration(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

function seriesOf({ of, where }: Vector, metric: string, { windowMs, staleAfterMs }: LookBack): string {
  const series = selector(metric, where);
  if (of !== 'value') return `${of}(${series}[${promDuration(windowMs)}])`;
  if (staleAfterMs === null) return series;
  return `${series} and (time() - timestamp(${series}) <= ${String(staleAfterMs / 1_000)})`;
}

function condition(match: LabelMatch): string {
  if (typeof match === 'string') return `=${quoted(match)}`;
  if ('not' in match) return `!=${quoted(match.not)}`;
  return 'matches' in match ? `=~${quoted(match.matches)}` : `!~${quoted(match.notMatches)}`;
}

/** A text as PromQL quotes it: escapes as in Go. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
