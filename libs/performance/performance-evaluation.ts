import { hasWaitingHalves, type Lateness, type TimeRange, type VersionContexts } from '#ingest';
import { currentSnapshot, toRfc3339, type Clock, type Database, type Instant, type Page } from '#platform';
import type { Baselines, Models, Version } from '#registry';
import type { ClaimedWindow, DueWindows } from './due-windows.js';
import { estimatorAt, type VersionEstimator } from './estimators.js';
import { judge, type Judgement } from './judgement.js';
import type { PerformanceMetrics } from './metrics.js';
import { performancePlan } from './performance-plan.js';
import type { PerformanceQuery, PerformanceResults } from './performance-results.js';
import type { PerformanceResult } from './performance-result.js';
import { judgementSettings } from './performance-settings.js';
import type { SegmentPerformance } from './segment-performance.js';
import type { WindowDiscovery } from './window-discovery.js';
import type { WindowEvaluation } from './window-evaluation.js';

/** How long one pass evaluates: what is left waits for the next one, so that rules behind it are not held up. */
const PASS_BUDGET_MS = 5_000;
/** When a window is looked at again whose requests and responses are still being paired. */
const PAIRING_CHECK_MS = 60_000;

export interface PerformanceLimits {
  /** How long a window waits for late rows. */
  readonly lateness: Lateness;
  /** How long captured rows are kept, milliseconds: an older window cannot be evaluated any more, and keeps its results. */
  readonly capturedForMs: number;
}

export interface PerformanceRooms {
  readonly database: Database;
  readonly models: Models;
  readonly baselines: Baselines;
  readonly contexts: VersionContexts;
  readonly discovery: WindowDiscovery;
  readonly dueWindows: DueWindows;
  readonly evaluation: WindowEvaluation;
  readonly results: PerformanceResults;
  readonly metrics: PerformanceMetrics;
}

/** Computes the performance of windows when they are over, when ground truth comes, and at their deadline. */
export class PerformanceEvaluation {
  constructor(
    private readonly rooms: PerformanceRooms,
    private readonly clock: Clock,
    private readonly limits: PerformanceLimits,
  ) {}

  /** Evaluates the windows that are due, for a few seconds. One that fails is reported, tried again later, and does not stop the others. */
  async runDue(onFailure: (window: ClaimedWindow, error: unknown) => void): Promise<void> {
    const { discovery, dueWindows } = this.rooms;
    await discovery.run();
    const until = this.clock.now() + PASS_BUDGET_MS;
    for (;;) {
      const claimed = await dueWindows.claim();
      for (const window of claimed)
        await this.evaluate(window).catch((error: unknown) => onFailure(window, error));
      if (claimed.length === 0 || this.clock.now() >= until) break;
    }
  }

  /** The results of a version, newest first. @throws LeewayError `not-found` */
  async list(
    modelName: string,
    versionName: string,
    query: PerformanceQuery,
  ): Promise<Page<PerformanceResult>> {
    return this.rooms.results.list(await this.rooms.models.getVersion(modelName, versionName), query);
  }

  /** Forgets windows and results that start before `before`. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.rooms.results.deleteBefore(before);
    await this.rooms.dueWindows.deleteBefore(before);
  }

  private async evaluate(window: ClaimedWindow): Promise<void> {
    const { database, models, dueWindows } = this.rooms;
    const [version] = await models.versionsById([window.versionId]);
    const isGone = version === undefined || window.start < this.clock.now() - this.limits.capturedForMs;
    const postponedTo = isGone ? null : await this.postponement(version, window);
    if (isGone || postponedTo !== null)
      await dueWindows.finish(database, window, { nextDueAt: postponedTo, readIn: null });
    else await this.evaluateNow(version, window);
  }

  /** When a window is to be looked at that is too early to evaluate: it is not over, or its halves are being paired. */
  private async postponement(version: Version, window: ClaimedWindow): Promise<Instant | null> {
    const now = this.clock.now();
    const range = rangeOf(window);
    const closedAt = range.to + (this.limits.lateness ?? version.model.grainMs);
    if (closedAt > now) return closedAt;
    return (await hasWaitingHalves(this.rooms.database, version.id, range)) ? now + PAIRING_CHECK_MS : null;
  }

  private async evaluateNow(version: Version, window: ClaimedWindow): Promise<void> {
    const { baselines, contexts, database, evaluation, results, metrics } = this.rooms;
    const plan = performancePlan(version);
    const { seen: readIn } = await currentSnapshot(database);
    const range = rangeOf(window);
    const estimator = await estimatorAt(baselines, version, plan, range.to - 1);
    const context = await contexts.of(version.model.name, version.name);
    const segments =
      plan.kind === 'none'
        ? new Map<string, SegmentPerformance>()
        : await evaluation.evaluate(context, plan, estimator.estimator, range);
    const found = [...segments]
      .filter(([, { tally }]) => tally.predictedCount + tally.unpredictedCount > 0)
      .map(([segment, performance]) => this.resultOf(version, { range, segment, performance, estimator }));
    const waits = found.some(({ status }) => status === 'waiting');
    const deadline = range.to + judgementSettings(version.model, this.limits.capturedForMs).deadlineMs;
    const isStored = await results.store({
      window,
      results: found,
      nextDueAt: waits ? deadline : null,
      readIn,
    });
    if (isStored) for (const { status } of found) metrics.countResult(status);
  }

  private resultOf(version: Version, { range, segment, performance, estimator }: Found): PerformanceResult {
    const { tally } = performance;
    const { predictedCount, unpredictedCount, labelledCount, labelledShare } = tally;
    const now = this.clock.now();
    const judgement: Judgement = judge(
      { windowEnd: range.to, predictedCount, labelledCount },
      judgementSettings(version.model, this.limits.capturedForMs),
      now,
    );
    return {
      model: version.model.name,
      version: version.name,
      segment,
      from: toRfc3339(range.from),
      to: toRfc3339(range.to),
      evaluatedAt: toRfc3339(now),
      ...judgement,
      predictedCount,
      unpredictedCount,
      labelledCount,
      labelledShare,
      delay: tally.delay(),
      ...performance.findings(),
      estimateReason: estimator.reason,
      baselineId: estimator.baselineId,
    };
  }
}

/** What one segment of a window was found to be. */
interface Found {
  readonly range: TimeRange;
  readonly segment: string;
  readonly performance: SegmentPerformance;
  readonly estimator: VersionEstimator;
}

function rangeOf({ start, lengthMs }: ClaimedWindow): TimeRange {
  return { from: start, to: start + lengthMs };
}
