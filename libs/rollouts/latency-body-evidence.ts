import { normalQuantile, ridits, ScoreEvidence } from '#stats';
import type { LatencyStep } from './latency-cells.js';
import type { LatencyShares } from './latency-shares.js';
import { isQuantileWithin } from './latency-tail-evidence.js';
import { missingFigures, type MetricEvidence, type MetricFigures } from './metric-comparison.js';
import type { RolloutSettings } from './rollout-settings.js';

/** Share of pairs of calls in one cell above which ranks say next to nothing. */
const MAX_TIED_SHARE = 0.5;

/**
 * The body of the latencies: Mann and Whitney's P(a call of the canary is slower than one of the stable) + ½·P(as fast), ½ without a
 * difference, within steps.
 *
 * Ranks know no seconds: where latencies hardly vary, a canary slower by 1% is slower in most pairs. So harm is both, a high probability
 * and a median that rose; it is excluded where one of them is. Bound of the variance: P(1 − P)/min(n, m)
 * (van Dantzig 1951; Birnbaum and McCarty 1958), which holds whatever the distributions are.
 */
export class LatencyBodyEvidence implements MetricEvidence<LatencyStep> {
  readonly metric = 'latency-body';
  private readonly evidence = new ScoreEvidence('higher');
  private superior = 0;

  constructor(
    private readonly shares: LatencyShares,
    private readonly settings: RolloutSettings,
  ) {}

  add({ stable, canary }: LatencyStep): void {
    this.evidence.add(ridits(stable, canary), stable, canary);
    this.superior += superiorCalls(stable, canary);
  }

  get nats(): number {
    return this.evidence.nats;
  }

  isRelevant(): boolean {
    const { latencyBody, rollBackPart } = this.settings;
    const median = this.shares.quantileRatio(0.5);
    return (
      this.probability - 0.5 >= rollBackPart * latencyBody.superiority &&
      median >= 1 + rollBackPart * latencyBody.median
    );
  }

  figures(): MetricFigures {
    const { shares, settings, probability } = this;
    const { stableSize, canarySize } = shares;
    if (!(canarySize > 0)) return missingFigures('probability');
    const z = -normalQuantile((1 - settings.confidence) / 2);
    const half = z * Math.sqrt((probability * (1 - probability)) / Math.min(stableSize, canarySize));
    const upperBound = Math.min(0.5, probability - 0.5 + half);
    return {
      unit: 'probability',
      stable: 0.5,
      canary: probability,
      difference: probability - 0.5,
      interval: { lowerBound: Math.max(-0.5, probability - 0.5 - half), upperBound },
      limit: 0.5 + settings.latencyBody.superiority,
      stableCount: stableSize,
      canaryCount: canarySize,
      outcome: this.outcome(upperBound),
    };
  }

  private outcome(upperBound: number): MetricFigures['outcome'] {
    const { superiority, median } = this.settings.latencyBody;
    if (this.shares.tiedShare > MAX_TIED_SHARE) return 'unresolved';
    if (upperBound < superiority) return 'no-harm';
    return isQuantileWithin(this.shares, 0.5, median, this.settings.confidence) ? 'no-harm' : 'undecided';
  }

  private get probability(): number {
    return this.superior / this.shares.canarySize;
  }
}

/** The canary's calls, each by the share of the step's stable calls that were faster, half of those as fast; 0 where a version has none. */
function superiorCalls(stable: Float64Array, canary: Float64Array): number {
  const n = stable.reduce((sum, count) => sum + count, 0);
  if (!(n > 0)) return 0;
  let below = 0;
  let superior = 0;
  stable.forEach((count, k) => {
    superior += ((canary[k] ?? 0) * (below + count / 2)) / n;
    below += count;
  });
  return superior;
}
