import type { SignalLine } from '../lines/line.js';
import { bucketBound } from '../lines/derive.js';
import type { PrometheusClient } from './prometheus-client.js';

/** Bounds of buckets change with a release of what is measured. */
const KEPT_MS = 3_600_000;

/** Values that mean "this or more". */
export interface Bounds {
  has(value: number): boolean;
}
const NONE: Bounds = { has: () => false };

/**
 * Knows when a quantile in an operator's own PromQL is the highest finite bound of its buckets, which means "this or more": it asks the
 * server which bounds the histogram in the query has. Bounds in milliseconds that the query divides by 1,000 are seen too.
 */
export class SaturatedQueries {
  private readonly known = new Map<string, { readonly until: number; readonly bounds: Bounds }>();

  constructor(private readonly client: PrometheusClient) {}

  /** The bounds of a line; none when it is no query of quantiles, or when the server does not tell. */
  async boundsOf({ reading }: SignalLine, at: number, signal: AbortSignal): Promise<Bounds> {
    if (reading.kind !== 'promql') return NONE;
    const selector = bucketSelector(reading.query);
    if (selector === null) return NONE;
    const known = this.known.get(selector);
    if (known !== undefined && known.until > at) return known.bounds;
    const asked = await this.client.labelValues('le', selector, signal);
    const finite = asked.kind === 'failed' ? [] : asked.answer.map(bucketBound).filter(Number.isFinite);
    const bounds = finite.length === 0 ? NONE : boundsAt(Math.max(...finite));
    this.known.set(selector, { until: at + KEPT_MS, bounds });
    return bounds;
  }
}

/** The first selector of buckets in a query of quantiles, such as `x_seconds_bucket{job="api"}`; null in any other. */
export function bucketSelector(query: string): string | null {
  if (!/\bhistogram_quantile\s*\(/.test(query)) return null;
  return (
    /[a-zA-Z_:][a-zA-Z0-9_:]*_bucket(?:\{(?:[^"'}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*\})?/.exec(
      query,
    )?.[0] ?? null
  );
}

function boundsAt(highest: number): Bounds {
  return { has: (value) => value === highest || value === highest / 1_000 || value === highest * 0.001 };
}
