import type { Aggregation, LabelMatch } from '../lines/line.js';

/** A condition of a preset. `${name}` in it is a parameter; a condition whose parameter has no value is left out. */
export type MatchTemplates = Readonly<Record<string, LabelMatch>>;

/** A vector as a preset writes it: `metric` is a key of the preset's `metrics`. */
export interface VectorTemplate {
  readonly metric: string;
  readonly of: 'rate' | 'increase' | 'value';
  readonly where: MatchTemplates;
  readonly across: Aggregation;
}

export type ReadingTemplate =
  /** Quantiles of the histogram `metric`, named without `_bucket`; signals are `<prefix>_p99_seconds` and so on. */
  | { readonly kind: 'quantiles'; readonly histogram: VectorTemplate; readonly prefix: string }
  | { readonly kind: 'value'; readonly of: readonly VectorTemplate[] }
  | {
      readonly kind: 'ratio';
      readonly of: readonly VectorTemplate[];
      readonly to: readonly VectorTemplate[];
    }
  /** `{{key}}` is the metric of that key with the conditions of all vectors, `{{window}}` the rate window. */
  | { readonly kind: 'promql'; readonly query: string; readonly where?: MatchTemplates };

/** What one line of a preset reads, and what it means. */
export interface PresetLine {
  readonly signal: string;
  readonly unit: string;
  /** One sentence for people. */
  readonly meaning: string;
  readonly reading: ReadingTemplate;
  readonly by?: Readonly<Record<string, readonly string[]>>;
  readonly scale?: number;
  readonly isComplement?: boolean;
  readonly isOptional?: boolean;
}

/** How a serving system, or what it runs on, shows itself to Prometheus. Data: every name in it can be replaced in the configuration. */
export interface Preset {
  /** The product, as people call it. */
  readonly title: string;
  /** Names of each metric, the newest first. Histograms without `_bucket`. */
  readonly metrics: Readonly<Record<string, readonly string[]>>;
  /** The label that tells the version of the model, where the system has one. */
  readonly versionLabel: string | null;
  /** What may be filled into the conditions, with what it means. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The parameter that is the collector's model unless it is given. */
  readonly modelParameter: string | null;
  /** The parameter without which the series of several services would be added up; only in a Prometheus, which has those of all. */
  readonly neededParameter: string | null;
  /** Conditions on every series. */
  readonly where: MatchTemplates;
  readonly lines: readonly PresetLine[];
  /** By what it is recognised in a Prometheus: a metric that it always has, and the labels that tell one parameter's values. */
  readonly signature: {
    /** A series name as it is stored, with _bucket, _count or _total. */
    readonly series: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  /** Traps that a reader of these signals should know. */
  readonly remarks: readonly string[];
}

export const rate = (metric: string, where: MatchTemplates = {}): VectorTemplate => ({
  ...{ metric, of: 'rate', where, across: 'sum' },
});

export const increase = (metric: string, where: MatchTemplates = {}): VectorTemplate => ({
  ...{ metric, of: 'increase', where, across: 'sum' },
});

export const gauge = (
  metric: string,
  across: Aggregation = 'sum',
  where: MatchTemplates = {},
): VectorTemplate => ({ metric, of: 'value', where, across });

export const quantilesOf = (metric: string, prefix: string, where: MatchTemplates = {}): ReadingTemplate => ({
  kind: 'quantiles',
  histogram: rate(metric, where),
  prefix,
});

export const valueOf = (...of: VectorTemplate[]): ReadingTemplate => ({ kind: 'value', of });

export const ratioOf = (
  of: readonly VectorTemplate[] | VectorTemplate,
  to: readonly VectorTemplate[] | VectorTemplate,
): ReadingTemplate => ({ kind: 'ratio', of: [of].flat(), to: [to].flat() });

const MS = 0.001;

type LineOptions = Pick<PresetLine, 'by' | 'scale' | 'isOptional'>;

/** Latency quantiles from a histogram in seconds. */
export const latency = (metric: string, options: LineOptions = {}): PresetLine => ({
  ...{ signal: 'latency', unit: 'seconds', reading: quantilesOf(metric, 'latency') },
  meaning: 'Time of a request, from its arrival to its answer.',
  ...options,
});

/** Latency quantiles from a histogram in milliseconds. */
export const latencyFromMilliseconds = (metric: string, options: LineOptions = {}): PresetLine =>
  latency(metric, { scale: MS, ...options });

export const endpointLatency = (metric: string, label: string): PresetLine => ({
  ...{ signal: 'endpoint_latency', unit: 'seconds', reading: quantilesOf(metric, 'endpoint_latency') },
  meaning: 'Time of a request to one endpoint.',
  by: { endpoint: [label] },
});

/** Requests a second, and the ratios of client and server errors, from one counter with a label of status codes. */
export function requests(metric: string, status: string, options: LineOptions = {}): PresetLine[] {
  return [
    {
      ...{ signal: 'throughput_rps', unit: 'requests per second', reading: valueOf(rate(metric)) },
      meaning: 'Requests per second.',
      ...options,
    },
    ...errorRatios('', metric, status, 'of all requests', options),
  ];
}

/** Error ratios per value of a label, such as the endpoint or the client. */
export function errorRatiosBy(
  name: 'endpoint' | 'client',
  label: string,
  metric: string,
  status: string,
  options: LineOptions = {},
): PresetLine[] {
  return errorRatios(`${name}_`, metric, status, `of the requests of one ${name}`, {
    ...options,
    by: { [name]: [label] },
  });
}

function errorRatios(
  prefix: string,
  metric: string,
  status: string,
  whole: string,
  options: LineOptions,
): PresetLine[] {
  const ratio = (digit: 4 | 5, words: string): PresetLine => ({
    ...{ signal: `${prefix}error_ratio_${digit}xx`, unit: 'ratio' },
    meaning: `Share ${whole} that ended in ${words}.`,
    // 503, and 5xx as some group them.
    reading: ratioOf(rate(metric, { [status]: { matches: `${digit}..` } }), rate(metric)),
    ...options,
  });
  return [ratio(4, 'a client error (HTTP 4xx)'), ratio(5, 'a server error (HTTP 5xx)')];
}
