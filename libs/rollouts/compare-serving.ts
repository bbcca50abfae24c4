import type { Instant } from '#platform';
import { LatencyBodyEvidence } from './latency-body-evidence.js';
import { cellsOf, commonEdges } from './latency-cells.js';
import { LatencyShares } from './latency-shares.js';
import { LatencyTailEvidence } from './latency-tail-evidence.js';
import type { MetricComparison } from './metric-comparison.js';
import { RatioEvidence } from './ratio-evidence.js';
import type { RolloutSettings } from './rollout-settings.js';
import type { RolloutStep, ServingCounts } from './serving-counts.js';
import { WatchedMetric } from './watched-metric.js';

/** Errors and latencies of both versions, step by step, oldest first. Steps in which a version has no calls are not compared. */
export function compareServing(
  steps: readonly RolloutStep[],
  stepMs: number,
  settings: RolloutSettings,
): MetricComparison[] {
  const errors = [new ErrorRatio('serverErrors', settings), new ErrorRatio('clientErrors', settings)];
  const latencies = new Latencies(commonEdges(steps), settings);
  for (const { at, stable, canary } of steps) {
    if (stable === null || canary === null) continue;
    const endAt = at + stepMs;
    for (const ratio of errors) ratio.add(stable, canary, endAt);
    latencies.add(stable, canary, endAt);
  }
  return [...errors.map(({ comparison }) => comparison), ...latencies.comparisons];
}

class ErrorRatio {
  private readonly watched: WatchedMetric<Parameters<RatioEvidence['add']>[0]>;

  constructor(
    private readonly errors: 'serverErrors' | 'clientErrors',
    settings: RolloutSettings,
  ) {
    const metric = errors === 'serverErrors' ? 'server-error-ratio' : 'client-error-ratio';
    this.watched = new WatchedMetric(new RatioEvidence(metric, settings[errors], settings), settings);
  }

  add(stable: ServingCounts, canary: ServingCounts, endAt: Instant): void {
    const ratio = (counts: ServingCounts) => [counts[this.errors], counts.requests] as const;
    this.watched.add({ stable: ratio(stable), canary: ratio(canary) }, endAt);
  }

  get comparison(): MetricComparison {
    return this.watched.comparison;
  }
}

class Latencies {
  private readonly shares: LatencyShares;
  private readonly watched: readonly WatchedMetric<Parameters<LatencyTailEvidence['add']>[0]>[];

  constructor(
    private readonly edges: readonly number[],
    settings: RolloutSettings,
  ) {
    this.shares = new LatencyShares(edges);
    this.watched = [
      new LatencyTailEvidence('latency-p95', 0.95, this.shares, settings),
      new LatencyTailEvidence('latency-p99', 0.99, this.shares, settings),
      new LatencyBodyEvidence(this.shares, settings),
    ].map((evidence) => new WatchedMetric(evidence, settings));
  }

  add(stable: ServingCounts, canary: ServingCounts, endAt: Instant): void {
    if (stable.latency === null || canary.latency === null) return;
    const step = { stable: cellsOf(stable.latency, this.edges), canary: cellsOf(canary.latency, this.edges) };
    // First the shares: the tails choose their edges by all calls up to this step.
    this.shares.add(step);
    for (const metric of this.watched) metric.add(step, endAt);
  }

  get comparisons(): MetricComparison[] {
    return this.watched.map(({ comparison }) => comparison);
  }
}
