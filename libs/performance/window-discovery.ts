import { lateWindows, type Lateness, type Windows } from '#ingest';
import { windowStart, type Clock, type Database } from '#platform';
import type { Model, Models } from '#registry';
import type { DueWindows, PerformanceWindow } from './due-windows.js';
import { performancePlan } from './performance-plan.js';
import { performanceWindowMs } from './performance-settings.js';

const MODELS_PER_PAGE = 500;
/** How far back windows of a model are looked for that has none yet: as long as captured rows are kept by default. */
const FIRST_LOOKBACK_MS = 30 * 86_400_000;

/** Finds the performance windows that have become due without any ground truth: they are over, or rows came late to them. */
export class WindowDiscovery {
  constructor(
    private readonly rooms: {
      readonly database: Database;
      readonly models: Models;
      readonly windows: Windows;
      readonly dueWindows: DueWindows;
    },
    private readonly clock: Clock,
    private readonly lateness: Lateness,
  ) {}

  async run(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.rooms.models.list({ limit: MODELS_PER_PAGE, cursor });
      for (const model of page.items) if (model.task !== 'other') await this.addClosed(model);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    await this.markLate();
  }

  /** Windows that are over and had their time for late rows, from the last one that is known on; after a downtime, all of it. */
  private async addClosed(model: Model): Promise<void> {
    const lengthMs = performanceWindowMs(model);
    const to = windowStart(this.rooms.windows.lastClosedEnd(model.grainMs, this.lateness), lengthMs);
    const known = await this.rooms.dueWindows.newestClosed(model.id, lengthMs);
    const from = known === null ? to - FIRST_LOOKBACK_MS : known + lengthMs;
    if (from >= to) return;
    const versions = await this.rooms.windows.activeVersions(model.id, from);
    const ids = new Map(
      versions
        .filter((version) => performancePlan(version).kind !== 'none')
        .map(({ name, id }) => [name, id]),
    );
    if (ids.size === 0) return;
    const counted = await this.rooms.windows.counts(model.id, { from, to });
    const closed = counted.flatMap(({ version, start }): PerformanceWindow[] => {
      const versionId = ids.get(version);
      return versionId === undefined ? [] : [{ versionId, start: windowStart(start, lengthMs), lengthMs }];
    });
    await this.rooms.dueWindows.addClosed(closed, this.clock.now());
  }

  private async markLate(): Promise<void> {
    const late = await lateWindows(this.rooms.database);
    const versions = await this.rooms.models.versionsById([
      ...new Set(late.map(({ versionId }) => versionId)),
    ]);
    for (const version of versions) {
      if (performancePlan(version).kind === 'none') continue;
      const lengthMs = performanceWindowMs(version.model);
      for (const { versionId, start, arrivedIn } of late) {
        if (versionId !== version.id) continue;
        const window = { versionId, start: windowStart(start, lengthMs), lengthMs };
        await this.rooms.dueWindows.markLate(window, arrivedIn);
      }
    }
  }
}
