import { meanEvidence, ShareEvidence } from '#stats';
import type { LatencyStep } from './latency-cells.js';
import type { LatencyShares } from './latency-shares.js';
import { missingFigures, type MetricEvidence, type MetricFigures } from './metric-comparison.js';
import type { RolloutMetric, RolloutSettings } from './rollout-settings.js';

/**
 * A high quantile of the latency, by the shares of calls above the edges next to it.
 *
 * The edges are those on both sides of the quantile of all calls so far, of both versions together, so that their choice does not
 * depend on which version a call belongs to. Harm is excluded by an edge: where surely fewer than 1 − q of the canary's calls lie above one
 * that is at most the stable quantile times 1 + tolerance, the canary's quantile is below that limit. Where no edge lies between the
 * stable quantile and that limit, nothing can show a harmful rise: `unresolved`.
 */
export class LatencyTailEvidence implements MetricEvidence<LatencyStep> {
  private readonly below = new ShareEvidence('rise');
  private readonly above = new ShareEvidence('rise');

  /** `shares` hold each step before it is added here. */
  constructor(
    readonly metric: RolloutMetric,
    private readonly q: number,
    private readonly shares: LatencyShares,
    private readonly settings: RolloutSettings,
  ) {}

  add(step: LatencyStep): void {
    const edge = this.shares.pooledEdge(this.q);
    addAbove(this.above, step, edge);
    addAbove(this.below, step, edge - 1);
  }

  get nats(): number {
    return meanEvidence([this.below.nats, this.above.nats]);
  }

  isRelevant(): boolean {
    const { latencyTail, rollBackPart } = this.settings;
    return this.shares.quantileRatio(this.q) >= 1 + rollBackPart * latencyTail;
  }

  figures(): MetricFigures {
    const { shares, q, settings } = this;
    if (!(shares.canarySize > 0)) return missingFigures('seconds');
    const last = shares.edges.at(-1) ?? 0;
    const [stable, canary] = [shares.stableQuantile(q), shares.canaryQuantile(q)].map(within(last)) as [
      number | null,
      number | null,
    ];
    return {
      unit: 'seconds',
      stable,
      canary,
      difference: stable === null || canary === null ? null : canary - stable,
      interval: quantileInterval(shares, q, settings.confidence),
      limit: stable === null ? null : stable * (1 + settings.latencyTail),
      stableCount: shares.stableSize,
      canaryCount: shares.canarySize,
      outcome: this.outcome(),
    };
  }

  private outcome(): MetricFigures['outcome'] {
    const { shares, q, settings } = this;
    const limit = shares.stableQuantile(q, 'lower-edge') * (1 + settings.latencyTail);
    const isShown = shares.edges.some((edge, j) => edge <= limit && shares.stableAbove(j) < 1 - q);
    if (!isShown) return 'unresolved';
    return isQuantileWithin(shares, q, settings.latencyTail, settings.confidence) ? 'no-harm' : 'undecided';
  }
}

/** Whether the canary's quantile is surely below the stable one's times 1 + tolerance. */
export function isQuantileWithin(
  shares: LatencyShares,
  q: number,
  tolerance: number,
  confidence: number,
): boolean {
  const [stableLower] = shares.stableBounds(q, confidence);
  const [, canaryUpper] = shares.canaryBounds(q, confidence);
  return canaryUpper <= stableLower * (1 + tolerance);
}

/** Of the difference of two quantiles: MOVER (Zou and Donner 2008). Null where a bound lies above the last edge. */
export function quantileInterval(
  shares: LatencyShares,
  q: number,
  confidence: number,
): MetricFigures['interval'] {
  const [stable, canary] = [shares.stableQuantile(q), shares.canaryQuantile(q)];
  const [stableLower, stableUpper] = shares.stableBounds(q, confidence);
  const [canaryLower, canaryUpper] = shares.canaryBounds(q, confidence);
  if (![stable, canary, stableUpper, canaryUpper].every(Number.isFinite)) return null;
  return {
    lowerBound: canary - stable - Math.hypot(canary - canaryLower, stableUpper - stable),
    upperBound: canary - stable + Math.hypot(canaryUpper - canary, stable - stableLower),
  };
}

/** A quantile that was measured; null above the last edge. */
function within(last: number): (quantile: number) => number | null {
  return (quantile) => (quantile <= last ? quantile : null);
}

/** Adds the calls above an edge, where there is such an edge. */
function addAbove(evidence: ShareEvidence, { stable, canary }: LatencyStep, edge: number): void {
  if (edge < 0 || edge + 1 >= stable.length) return;
  const [x, n] = countAbove(stable, edge);
  const [y, m] = countAbove(canary, edge);
  evidence.add(x, n, y, m);
}

function countAbove(cells: Float64Array, edge: number): readonly [number, number] {
  let above = 0;
  let all = 0;
  cells.forEach((count, k) => {
    all += count;
    if (k > edge) above += count;
  });
  return [above, all];
}
