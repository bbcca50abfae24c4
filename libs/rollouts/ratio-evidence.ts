import { type Margin, marginExcess, shareChange, ShareEvidence } from '#stats';
import { missingFigures, type MetricEvidence, type MetricFigures } from './metric-comparison.js';
import type { RolloutMetric, RolloutSettings } from './rollout-settings.js';
import { StandardizedShares } from './standardized-shares.js';

/** Of how many rows how many failed, in one step of both versions. */
export interface RatioStep {
  readonly stable: readonly [failed: number, of: number];
  readonly canary: readonly [failed: number, of: number];
}

/** A ratio of failures whose rise is harm: errors of all calls, wrong predictions of all labelled ones. */
export class RatioEvidence implements MetricEvidence<RatioStep> {
  private readonly evidence = new ShareEvidence('rise');
  private readonly shares = new StandardizedShares(1);

  constructor(
    readonly metric: RolloutMetric,
    private readonly margin: Margin,
    private readonly settings: RolloutSettings,
  ) {}

  add({ stable: [x, n], canary: [y, m] }: RatioStep): void {
    this.evidence.add(x, n, y, m);
    this.shares.add([x], n, [y], m);
  }

  get nats(): number {
    return this.evidence.nats;
  }

  isRelevant(): boolean {
    const stable = this.shares.first(0);
    const tolerated = this.margin.absolute + this.margin.relative * stable;
    return this.shares.second(0) - stable >= this.settings.rollBackPart * tolerated;
  }

  figures(): MetricFigures {
    const counts = this.shares.counts(0);
    const excess = marginExcess(counts, this.margin, this.settings.confidence);
    const change = shareChange(...counts, this.settings.confidence);
    if (excess === null || change === null) return missingFigures('ratio');
    return {
      unit: 'ratio',
      stable: change.baselineShare,
      canary: change.windowShare,
      difference: change.difference,
      interval: { lowerBound: change.lowerBound, upperBound: change.upperBound },
      limit: excess.limit,
      stableCount: this.shares.firstSize,
      canaryCount: this.shares.secondSize,
      outcome: excess.upperBound < 0 ? 'no-harm' : 'undecided',
    };
  }
}
