import type { Instant } from '#platform';
import type { MetricComparison, MetricEvidence } from './metric-comparison.js';
import { RATE_PARTS, type RolloutSettings } from './rollout-settings.js';

/**
 * A metric that is looked at after every step: what was found worse at one look stays so, however often and by whom it is asked.
 * A metric that may use a part of the rate needs evidence of ln(1/(part·rate)).
 */
export class WatchedMetric<Step> {
  private worseAt: Instant | null = null;
  private readonly neededNats: number;

  constructor(
    private readonly evidence: MetricEvidence<Step>,
    settings: RolloutSettings,
  ) {
    this.neededNats = -Math.log(RATE_PARTS[evidence.metric] * settings.falseRollBackRate);
  }

  /** Adds a step that ends at `endAt`, and looks. */
  add(step: Step, endAt: Instant): void {
    this.evidence.add(step);
    if (this.worseAt === null && this.evidence.nats >= this.neededNats && this.evidence.isRelevant())
      this.worseAt = endAt;
  }

  get comparison(): MetricComparison {
    const { evidence, worseAt } = this;
    const figures = evidence.figures();
    return {
      ...figures,
      metric: evidence.metric,
      anytimePValue: Math.min(1, Math.exp(-evidence.nats)),
      worseAt,
      outcome: worseAt === null ? figures.outcome : 'worse',
    };
  }
}
