/** One condition on a label: equal to a text, or the four operators of PromQL. Regular expressions are anchored at both ends. */
export type LabelMatch =
  string | { readonly not: string } | { readonly matches: string } | { readonly notMatches: string };
export type Matchers = Readonly<Record<string, LabelMatch>>;

/** How the series of one label set become one number. */
export type Aggregation = 'sum' | 'avg' | 'max' | 'min';

/**
 * The series of one metric that a line reads, as one number per label set: `rate` is the increase per second of a counter over the rate
 * window, `increase` its increase over that window, `value` a gauge as it stands.
 */
export interface Vector {
  /** Names that the metric has or had, the newest first; the first that has data is read. */
  readonly metrics: readonly string[];
  readonly of: 'rate' | 'increase' | 'value';
  readonly where: Matchers;
  readonly across: Aggregation;
}

/** What a line computes from what it reads. Every number is one per label set of the line. */
export type Reading =
  /** Quantiles of a classic histogram: `histogram` reads its buckets. Each is a signal of its own. */
  | { readonly kind: 'quantiles'; readonly histogram: Vector; readonly quantiles: readonly Quantile[] }
  /** The sum of what is read. */
  | { readonly kind: 'value'; readonly of: readonly Vector[] }
  /**
   * A sum over another. Nothing where the divisor is 0: nothing was measured. A dividend of rates that is not there is 0 where its
   * divisor is: no error has happened yet.
   */
  | { readonly kind: 'ratio'; readonly of: readonly Vector[]; readonly to: readonly Vector[] }
  /** PromQL that gives an instant vector or a scalar. Only a Prometheus server can answer it. */
  | { readonly kind: 'promql'; readonly query: string };

export interface Quantile {
  readonly q: number;
  readonly signal: string;
}

/** One line of what a collector reads: where a signal, or the quantiles of a histogram, comes from. */
export interface SignalLine {
  /** The signal; for quantiles the name of the whole, which no signal has. */
  readonly signal: string;
  readonly unit: string;
  readonly reading: Reading;
  /** Labels of the signal, each with the labels of the metric that it comes from: the first that is not empty. */
  readonly by: Readonly<Record<string, readonly string[]>>;
  /** Multiplies the result, to come to the unit. */
  readonly scale: number;
  /** The signal is 1 minus what is read: used, where the metric tells what is free. */
  readonly isComplement: boolean;
  /** The metric is not there in every installation: its absence is no problem. */
  readonly isOptional: boolean;
}

/** A number of one label set, labels as the metric has them. */
export interface LabelledValue {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The vectors that a line reads. */
export function vectorsOf({ reading }: SignalLine): readonly Vector[] {
  switch (reading.kind) {
    case 'quantiles':
      return [reading.histogram];
    case 'value':
      return reading.of;
    case 'ratio':
      return [...reading.of, ...reading.to];
    case 'promql':
      return [];
  }
}

/** Those of them that a line gives nothing without: of a ratio the divisor, since a dividend that is not there may be 0. */
export function neededVectors(line: SignalLine): readonly Vector[] {
  return line.reading.kind === 'ratio' ? line.reading.to : vectorsOf(line);
}

/** The signals that a line gives. */
export function signalsOf({ signal, reading }: SignalLine): readonly string[] {
  return reading.kind === 'quantiles' ? reading.quantiles.map((quantile) => quantile.signal) : [signal];
}

/** The labels of the metric that a line keeps, apart from `le`. */
export function keptLabels({ by }: SignalLine): readonly string[] {
  return [...new Set(Object.values(by).flat())];
}
