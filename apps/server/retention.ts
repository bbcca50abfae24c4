import type { DriftEvaluation } from '#drift';
import type { GroundTruth } from '#ground-truth';
import type { CapturedRows, DeadLetters, Rebuilding, Rollups, Windows } from '#ingest';
import type { Outbox } from '#notify';
import type { PerformanceEvaluation } from '#performance';
import { durationMs, type Clock } from '#platform';
import type { BaselineUploads } from '#registry';
import type { StoredCounts } from '#collectors';
import type { Signals } from '#signals';
import type { LeewayConfig } from './config.js';
import type { ModelDeletion } from './model-deletion.js';

const EVERY_MS = 3_600_000;
/** When it is tried again after a failure: sooner, and not in every pass, since what failed may have held others up. */
const RETRY_MS = 300_000;
/** How long it is known what became of the upload of a baseline. */
const UPLOADS_KEPT_MS = 24 * 3_600_000;

export interface RetainingRooms {
  readonly baselineUploads: BaselineUploads;
  readonly capturedRows: CapturedRows;
  readonly deadLetters: DeadLetters;
  readonly drift: DriftEvaluation;
  readonly groundTruth: GroundTruth;
  readonly modelDeletion: ModelDeletion;
  readonly outbox: Outbox;
  readonly performance: PerformanceEvaluation;
  readonly rebuilding: Rebuilding;
  readonly rollups: Rollups;
  readonly signals: Signals;
  readonly storedCounts: StoredCounts;
  readonly windows: Windows;
}

/** Forgets what is older than the configuration keeps, once an hour. */
export class Retention {
  private lastRunAt = -Infinity;

  constructor(
    private readonly keep: LeewayConfig['retention'],
    private readonly rooms: RetainingRooms,
    private readonly clock: Clock,
  ) {}

  async runIfDue(): Promise<void> {
    const now = this.clock.now();
    if (now - this.lastRunAt < EVERY_MS) return;
    this.lastRunAt = now - EVERY_MS + RETRY_MS;
    const {
      capturedRows,
      deadLetters,
      drift,
      groundTruth,
      outbox,
      performance,
      rebuilding,
      rollups,
      signals,
      storedCounts,
      windows,
    } = this.rooms;
    await windows.dropBefore(now - durationMs(this.keep.windows));
    await rebuilding.deleteBefore(now - durationMs(this.keep.windows));
    await rollups.deleteBefore({
      hour: now - durationMs(this.keep.hourlyRollups),
      day: now - durationMs(this.keep.dailyRollups),
    });
    await capturedRows.dropBefore(now - durationMs(this.keep.capturedRows));
    await groundTruth.deleteBefore(now - durationMs(this.keep.groundTruth));
    await performance.deleteBefore(now - durationMs(this.keep.performance));
    await signals.dropBefore(now - durationMs(this.keep.signals));
    await storedCounts.dropBefore(now - durationMs(this.keep.signals));
    await drift.deleteBefore(now - durationMs(this.keep.driftResults));
    await outbox.deleteBefore(now - durationMs(this.keep.messages));
    await this.rooms.baselineUploads.deleteBefore(now - UPLOADS_KEPT_MS);
    await deadLetters.deleteBefore(now - durationMs(this.keep.deadLetters));
    await this.rooms.modelDeletion.sweep();
    this.lastRunAt = now;
  }
}
