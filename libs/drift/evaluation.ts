import {
  decodeCursor,
  durationMs,
  LeewayError,
  toPage,
  toRfc3339,
  type Clock,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
} from '#platform';
import {
  epochAt,
  type Baselines,
  type BaselineEpoch,
  type Model,
  type Models,
  type Version,
} from '#registry';
import type { StoredWindow, TimeRange, Windows } from '#ingest';
import type { Signals } from '#signals';
import {
  type DesignEffects,
  emptyProfile,
  mergeProfiles,
  type Profile,
  type Reference,
  referenceSpan,
  spanDesignEffects,
} from '#stats';
import { compare, type DriftResult } from './drift-result.js';
import type { DriftMetrics } from './metrics.js';
import type { Monitor, Monitors } from './monitors.js';
import type { DriftEvaluationSpec } from './schemas.js';
import { signalsOf } from './drift-signals.js';

export interface StoredDriftResult extends DriftResult {
  readonly id: string;
}

/** The newest part of a span that explains what changed: at least this share of its windows and this many rows. */
const NEWEST_SHARE = 0.25;
const NEWEST_MIN_ROWS = 500;

interface Question {
  readonly version: Version;
  readonly monitor: string | null;
  readonly range: TimeRange;
  readonly columns: readonly string[] | undefined;
  readonly segment: string | null;
  readonly reference: Reference;
  readonly thresholds: Parameters<typeof compare>[0]['thresholds'];
  readonly driftedShare: number;
}

/** Runs monitors: windows against baselines, to drift results, to signals. */
export class DriftEvaluation {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly baselines: Baselines,
    private readonly windows: Windows,
    private readonly monitors: Monitors,
    private readonly signals: Signals,
    private readonly metrics: DriftMetrics,
    private readonly clock: Clock,
    private readonly latenessMs: number,
  ) {}

  /** Evaluates the monitors that are due. One that fails is reported to `onFailure` and does not stop the others. */
  async runDue(onFailure: (monitor: Monitor, error: unknown) => void): Promise<void> {
    for (const monitor of await this.monitors.claimDue(this.clock.now())) {
      try {
        await this.runMonitor(monitor);
      } catch (error) {
        onFailure(monitor, error);
      }
    }
  }

  /** Compares exactly the windows that start in [from, to) with the baseline that counts at its end. Not stored. */
  async evaluate(modelName: string, versionName: string, spec: DriftEvaluationSpec): Promise<DriftResult> {
    const version = await this.models.getVersion(modelName, versionName);
    return this.answer({
      version,
      monitor: null,
      range: { from: Date.parse(spec.from), to: Date.parse(spec.to) },
      columns: spec.columns,
      segment: spec.segment ?? null,
      reference: spec.reference,
      thresholds: spec.thresholds,
      driftedShare: DEFAULT_DRIFTED_SHARE,
    });
  }

  async list(
    modelName: string,
    query: PageRequest & {
      monitor?: string | undefined;
      version?: string | undefined;
      verdict?: string | undefined;
    },
  ): Promise<Page<StoredDriftResult>> {
    const model = await this.models.get(modelName);
    const rows = await this.database.query<{ id: string; body: DriftResult }>(
      `select d.id, d.body from drift_result d
        where d.model_id = $1 and ($2::text is null or d.monitor = $2) and ($3::text is null or d.body ->> 'version' = $3)
          and ($4::text is null or d.verdict = $4) and ($5::bigint is null or d.id < $5)
        order by d.id desc limit $6`,
      [
        model.id,
        query.monitor ?? null,
        query.version ?? null,
        query.verdict ?? null,
        decodeCursor(query.cursor),
        query.limit + 1,
      ],
    );
    return toPage(
      rows,
      query.limit,
      (row) => row.id,
      ({ id, body }) => ({ id, ...body }),
    );
  }

  async get(id: string): Promise<StoredDriftResult> {
    const [row] = await this.database.query<{ id: string; body: DriftResult }>(
      'select id, body from drift_result where id = $1',
      [id],
    );
    if (row === undefined)
      throw new LeewayError('not-found', `there is no drift result with the id ${JSON.stringify(id)}`);
    return { id: row.id, ...row.body };
  }

  /** Forgets results before `before`. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from drift_result where evaluated_at < $1', [toRfc3339(before)]);
  }

  private async runMonitor(monitor: Monitor): Promise<void> {
    const model = await this.models.get(monitor.model);
    const range = this.spanOf(monitor, model);
    for (const version of await this.windows.activeVersions(model.id, range.from)) {
      const result = await this.answer({
        version,
        monitor: monitor.name,
        range,
        columns: monitor.columns,
        segment: null,
        reference: monitor.reference,
        thresholds: monitor.thresholds,
        driftedShare: monitor.driftedShare,
      });
      await this.store(model, version, result);
    }
  }

  private spanOf(monitor: Monitor, model: Model): TimeRange {
    const to = this.windows.lastClosedEnd(model.grainMs, this.latenessMs);
    return { from: to - durationMs(monitor.span), to };
  }

  private async answer(question: Question): Promise<DriftResult> {
    const { version, range } = question;
    const windows = await this.windowsOf(question, range);
    const epochs = await this.baselines.epochs(version.id);
    const epoch = epochAt(epochs, range.to - 1);
    const rowCount = windows.reduce((sum, { profile }) => sum + profile.rowCount, 0);
    const answered = {
      model: version.model.name,
      version: version.name,
      monitor: question.monitor,
      segment: question.segment,
      evaluatedAt: toRfc3339(this.clock.now()),
      from: toRfc3339(range.from),
      to: toRfc3339(range.to),
      reference: question.reference,
      rowCount,
      baselineId: epoch?.id ?? null,
      gridHash: epoch?.gridHash ?? null,
    };
    const columns =
      epoch === null ? [] : comparedColumns(question, await this.baselines.grid(epoch.gridHash));
    const obstacle = obstacleTo(windows, epoch, rowCount) ?? (columns.length === 0 ? 'no-columns' : null);
    const reference =
      epoch === null ? 'no-baseline' : (obstacle ?? (await this.referenceOf(question, epoch)));
    if (epoch === null || typeof reference === 'string') {
      return {
        ...answered,
        verdict: 'insufficient',
        reason: typeof reference === 'string' ? reference : 'no-baseline',
        driftedShare: null,
        columns: [],
      };
    }
    const comparison = compare({
      version,
      baseline: reference.profile,
      baselineEffects: reference.effects,
      windowEffects: spanDesignEffects(windows.filter(({ profile }) => profile.rowCount > 0)),
      window: await this.merge(windows, epoch),
      newest: await this.newestOf(windows, epoch),
      columns,
      thresholds: question.thresholds,
      driftedShare: question.driftedShare,
    });
    return { ...answered, ...comparison };
  }

  private async windowsOf({ version, segment }: Question, range: TimeRange): Promise<StoredWindow[]> {
    const windows = await this.windows.profiles(version, range);
    return segment === null ? windows : windows.filter((window) => window.segment === segment);
  }

  /** What the span is compared with, or why there is nothing. */
  private async referenceOf(question: Question, epoch: BaselineEpoch): Promise<ReferenceRows | string> {
    const span = referenceSpan(question.reference, question.range);
    if (span === null)
      return { profile: await this.baselines.profile(epoch.id), effects: INDEPENDENT_BASELINE };
    const windows = (await this.windowsOf(question, span)).filter(({ profile }) => profile.rowCount > 0);
    if (windows.length === 0) return 'no-reference-rows';
    if (windows.some(({ profile }) => profile.grid.hash !== epoch.gridHash)) return 'baseline-changed';
    return { profile: await this.merge(windows, epoch), effects: spanDesignEffects(windows) };
  }

  private async merge(windows: readonly StoredWindow[], epoch: BaselineEpoch): Promise<Profile> {
    const merged = emptyProfile(await this.baselines.grid(epoch.gridHash));
    for (const { profile } of windows) if (profile.rowCount > 0) mergeProfiles(merged, profile);
    return merged;
  }

  /** The last windows that hold enough rows to explain a change, unless that is the whole span. */
  private async newestOf(windows: readonly StoredWindow[], epoch: BaselineEpoch): Promise<Profile | null> {
    const starts = [
      ...new Set(windows.filter(({ profile }) => profile.rowCount > 0).map(({ start }) => start)),
    ].sort((a, b) => a - b);
    let first = Math.min(starts.length - 1, Math.floor(starts.length * (1 - NEWEST_SHARE)));
    for (; first > 0; first -= 1) {
      const newest = windows.filter(({ start }) => start >= (starts[first] ?? 0));
      if (newest.reduce((sum, { profile }) => sum + profile.rowCount, 0) >= NEWEST_MIN_ROWS)
        return this.merge(newest, epoch);
    }
    return null;
  }

  private async store(model: Model, version: Version, result: DriftResult): Promise<void> {
    const at = Date.parse(result.to);
    await this.signals.prepare([at]);
    await this.database.transaction(async (tx) => {
      await tx.query(
        'insert into drift_result (model_id, version_id, monitor, verdict, evaluated_at, body) values ($1, $2, $3, $4, $5, $6)',
        [model.id, version.id, result.monitor, result.verdict, result.evaluatedAt, JSON.stringify(result)],
      );
      await this.signals.write(tx, signalsOf(result, at));
    });
    this.metrics.record(result);
  }
}

/** The rows that a span is compared with. */
interface ReferenceRows {
  readonly profile: Profile;
  readonly effects: DesignEffects;
}

/** A baseline's rows have no times, so how they cluster is not known; they are many, so it matters little. */
const INDEPENDENT_BASELINE: DesignEffects = new Map();

const DEFAULT_DRIFTED_SHARE = 0.3;

/** Why the span cannot be compared, or null when it can. */
function obstacleTo(
  windows: readonly StoredWindow[],
  epoch: BaselineEpoch | null,
  rowCount: number,
): string | null {
  if (epoch === null) return 'no-baseline';
  if (rowCount === 0) return 'no-rows';
  const isOtherGrid = windows.some(
    ({ profile }) => profile.rowCount > 0 && profile.grid.hash !== epoch.gridHash,
  );
  return isOtherGrid ? 'baseline-changed' : null;
}

/**
 * The columns to compare, all of them known to the baseline. A monitor watches versions of different schemas and
 * compares what it finds of its columns; a question of somebody's own is told what there is not.
 *
 * @throws LeewayError `column-unknown` for a question outside a monitor
 */
function comparedColumns({ version, monitor, columns: asked }: Question, grid: Profile['grid']): string[] {
  const known = new Set(grid.columns.map(({ name }) => name));
  if (asked === undefined) {
    return version.columns
      .filter(({ role, name }) => role !== 'groundTruth' && role !== 'segment' && known.has(name))
      .map(({ name }) => name);
  }
  const unknown = asked.filter((name) => !known.has(name));
  if (unknown.length > 0 && monitor === null) {
    throw new LeewayError(
      'column-unknown',
      `the baseline of version ${JSON.stringify(version.name)} has no column ${unknown.map((name) => JSON.stringify(name)).join(', ')}`,
      {
        places: unknown.map((name) => ({
          pointer: '/columns',
          detail: `${JSON.stringify(name)} is not in the baseline`,
        })),
      },
    );
  }
  return asked.filter((name) => known.has(name));
}

/** The newest result of a monitor for a version, for evidence. Reads in the caller's transaction. */
export async function latestDriftResult(
  sql: Pick<Database, 'query'>,
  modelName: string,
  versionName: string | null,
  monitor: string | null,
): Promise<StoredDriftResult | null> {
  const [row] = await sql.query<{ id: string; body: DriftResult }>(
    `select d.id, d.body from drift_result d join model m on m.id = d.model_id
      where m.name = $1 and ($2::text is null or d.body ->> 'version' = $2) and ($3::text is null or d.monitor = $3)
      order by d.id desc limit 1`,
    [modelName, versionName, monitor],
  );
  return row === undefined ? null : { id: row.id, ...row.body };
}
