import { durationMs, LeewayError, toRfc3339, type Database, type Instant } from '#platform';
import type { Models, Version } from '#registry';
import type { CapturedBaselines } from './captured-baselines.js';
import type { Lateness, TimeRange, Windows } from './windows.js';

/** Why the first baseline of a version is not made yet, or never will be. */
export const FIRST_BASELINE_REASONS = [
  'not-configured',
  'has-baseline',
  'nothing-is-captured',
  'no-rows',
  'span-not-over',
  'too-few-rows',
  'due',
] as const;
export type FirstBaselineReason = (typeof FIRST_BASELINE_REASONS)[number];

/** How far a version is on its way to a baseline of its first rows. */
export interface FirstBaselineStatus {
  readonly model: string;
  readonly version: string;
  readonly reason: FirstBaselineReason;
  /** The first captured row's window, and when the span since is over; null where there is no such row. */
  readonly firstRowAt: string | null;
  readonly dueAt: string | null;
  /** Captured rows that it would be made of, and how many it takes. */
  readonly rowCount: number;
  readonly minRows: number | null;
}

interface Waiting {
  readonly reason: FirstBaselineReason;
  readonly first?: Instant;
  readonly until?: Instant;
  readonly rowCount?: number;
  /** The rows that the baseline is made of, once it is due. */
  readonly range?: TimeRange;
}

/** Makes the first baseline of versions from their own first rows, where their model asks for that. */
export class FirstBaselines {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly captured: CapturedBaselines,
    private readonly windows: Windows,
    private readonly lateness: Lateness,
  ) {}

  /** Registers what is due. Safe with any number of workers at once: a version that has a baseline by then keeps it. */
  async run(onFailure: (model: string, error: unknown) => void): Promise<void> {
    for (const version of await this.waitingVersions()) {
      const { range } = await this.look(version);
      if (range === undefined) continue;
      try {
        await this.captured.register(version.model.name, version.name, { range }, { isOnlyFirst: true });
      } catch (error) {
        const isThere = error instanceof LeewayError && error.code === 'already-exists';
        if (!isThere) onFailure(version.model.name, error);
      }
    }
  }

  /** @throws LeewayError `not-found` */
  async status(modelName: string, versionName: string): Promise<FirstBaselineStatus> {
    const version = await this.models.getVersion(modelName, versionName);
    const { reason, first, until, rowCount = 0 } = await this.look(version);
    return {
      model: modelName,
      version: versionName,
      reason,
      firstRowAt: first === undefined ? null : toRfc3339(first),
      dueAt: until === undefined ? null : toRfc3339(until),
      rowCount,
      minRows: version.model.baselineFromFirst?.minRows ?? null,
    };
  }

  private async waitingVersions(): Promise<Version[]> {
    const rows = await this.database.query<{ id: string }>(
      `select v.id from version v join model m on m.id = v.model_id
        where m.spec ? 'baselineFromFirst' and not exists (select 1 from baseline b where b.version_id = v.id)`,
    );
    return this.models.versionsById(rows.map(({ id }) => id));
  }

  /** Where rows are few, the span grows until they suffice. */
  private async look(version: Version): Promise<Waiting> {
    const { baselineFromFirst: spec, capture, grainMs } = version.model;
    if (spec === undefined) return { reason: 'not-configured' };
    const { hasBaseline, first } = await this.firstRow(version);
    if (hasBaseline) return { reason: 'has-baseline' };
    if (first === null)
      return {
        reason: capture.fraction * capture.maxRowsPerWindow === 0 ? 'nothing-is-captured' : 'no-rows',
      };
    const until = first + durationMs(spec.span);
    const closed = this.windows.lastClosedEnd(grainMs, this.lateness);
    const rowsUpTo = (to: Instant): Promise<number> => this.captured.count(version, { from: first, to });
    const rowCount = await rowsUpTo(Math.min(until, closed));
    if (closed < until) return { reason: 'span-not-over', first, until, rowCount };
    if (rowCount >= spec.minRows)
      return { reason: 'due', first, until, rowCount, range: { from: first, to: until } };
    const later = await rowsUpTo(closed);
    if (later < spec.minRows) return { reason: 'too-few-rows', first, until, rowCount: later };
    return { reason: 'due', first, until, rowCount: later, range: { from: first, to: closed } };
  }

  private async firstRow({ id }: Version): Promise<{ hasBaseline: boolean; first: Instant | null }> {
    const [row] = await this.database.query<{ has_baseline: boolean; first: Date | null }>(
      `select exists (select 1 from baseline where version_id = $1) as has_baseline,
              (select min(window_start) from captured_row where version_id = $1 and part = 'whole') as first`,
      [id],
    );
    return { hasBaseline: row?.has_baseline ?? false, first: row?.first?.getTime() ?? null };
  }
}
