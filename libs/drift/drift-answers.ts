import { LeewayError, toRfc3339, type Clock } from '#platform';
import { epochAt, type BaselineEpoch, type Baselines, type Version } from '#registry';
import {
  addCounts,
  inferenceCountOf,
  receivedInferenceCountOf,
  type StoredWindow,
  type TimeRange,
  type Windows,
} from '#ingest';
import {
  type DesignEffects,
  emptyProfile,
  mergeProfiles,
  type Profile,
  type Reference,
  referenceSpan,
  SPAN_PIECES,
  spanDesignEffects,
} from '#stats';
import { compare, type DriftResult } from './drift-result.js';

/** Share of drifted columns from which a model is, where no monitor says. */
export const DEFAULT_DRIFTED_SHARE = 0.3;
/** The newest part of a span that explains what changed: at least this share of its time and this many rows. */
const NEWEST_SHARE = 0.25;
const NEWEST_MIN_ROWS = 500;

/** What is asked: how the rows of one version in a range compare with a reference. */
export interface Question {
  readonly version: Version;
  readonly monitor: string | null;
  readonly range: TimeRange;
  readonly columns: readonly string[] | undefined;
  readonly segment: string | null;
  readonly reference: Reference;
  readonly thresholds: Parameters<typeof compare>[0]['thresholds'];
  readonly driftedShare: number;
}

/** Answers questions from stored windows and baselines; nothing is written. */
export class DriftAnswers {
  constructor(
    private readonly baselines: Baselines,
    private readonly windows: Windows,
    private readonly clock: Clock,
  ) {}

  /** The comparison, or `insufficient` with the reason why there is none. @throws LeewayError `column-unknown` outside a monitor */
  async answer(question: Question): Promise<DriftResult> {
    const { version, range } = question;
    const epoch = epochAt(await this.baselines.epochs(version.id), range.to - 1);
    const windows = await this.windowsOf(question, range, epoch);
    const asked = epoch === null ? [] : comparedColumns(question, await this.baselines.grid(epoch.gridHash));
    const reference = await this.referenceOf(question, epoch, obstacleTo(windows, epoch, asked));
    const sources = [...windows, ...(typeof reference === 'string' ? [] : reference.windows)];
    const leftOut = new Set(sources.flatMap((window) => window.leftOut ?? []));
    const columns = asked.filter((name) => !leftOut.has(name));
    const answered = {
      ...this.frameOf(question, epoch),
      rowCount: rowCountOf(windows),
      receivedCount: receivedCountOf(windows),
      basis: sources.some((window) => window.leftOut !== null) ? ('sampled' as const) : ('all' as const),
      leftOutColumns: asked.filter((name) => leftOut.has(name)),
    };
    if (epoch === null || typeof reference === 'string' || columns.length === 0) {
      const reason = typeof reference === 'string' ? reference : 'no-columns';
      return { ...answered, verdict: 'insufficient', reason, driftedShare: null, columns: [] };
    }
    const comparison = compare({
      version,
      baseline: reference.profile,
      baselineEffects: reference.effects,
      windowEffects: spanDesignEffects(onGrid(windows, epoch)),
      window: await this.merge(windows, epoch),
      newest: await this.newestOf(windows, epoch, version.model.grainMs),
      columns,
      importances: await this.baselines.importances(epoch.id),
      thresholds: question.thresholds,
      driftedShare: question.driftedShare,
    });
    return { ...answered, ...comparison };
  }

  /** What was asked, and when. */
  private frameOf(question: Question, epoch: BaselineEpoch | null) {
    const { version, monitor, segment, range, reference } = question;
    return {
      model: version.model.name,
      version: version.name,
      monitor,
      segment,
      evaluatedAt: toRfc3339(this.clock.now()),
      outdatedAt: null,
      from: toRfc3339(range.from),
      to: toRfc3339(range.to),
      reference,
      baselineId: epoch?.id ?? null,
      gridHash: epoch?.gridHash ?? null,
    };
  }

  /** Windows from before the baseline as they were rebuilt on its grid, where they were. */
  private async windowsOf(
    { version, segment }: Question,
    range: TimeRange,
    epoch: BaselineEpoch | null,
  ): Promise<StoredWindow[]> {
    const windows = await this.windows.profiles(version, range, {
      minPieces: SPAN_PIECES,
      rebuiltOn: epoch?.gridHash,
    });
    return segment === null ? windows : windows.filter((window) => window.segment === segment);
  }

  /** What the span is compared with, or why there is nothing: the obstacle that is known, or one of its own. */
  private async referenceOf(
    question: Question,
    epoch: BaselineEpoch | null,
    obstacle: string | null,
  ): Promise<ReferenceRows | string> {
    if (epoch === null) return 'no-baseline';
    if (obstacle !== null) return obstacle;
    const span = referenceSpan(question.reference, question.range);
    if (span === null) {
      const profile = await this.baselines.profile(epoch.id);
      return { profile, effects: INDEPENDENT_BASELINE, windows: [] };
    }
    const windows = await this.windowsOf(question, span, epoch);
    if (rowCountOf(windows) === 0) return 'no-reference-rows';
    if (isOnAnotherGrid(windows, epoch)) return 'baseline-changed';
    return {
      profile: await this.merge(windows, epoch),
      effects: spanDesignEffects(onGrid(windows, epoch)),
      windows,
    };
  }

  private async merge(windows: readonly StoredWindow[], epoch: BaselineEpoch): Promise<Profile> {
    const merged = emptyProfile(await this.baselines.grid(epoch.gridHash));
    for (const { profile } of onGrid(windows, epoch)) mergeProfiles(merged, profile);
    return merged;
  }

  /** The last windows that hold enough rows to explain a change, unless that is the whole span. */
  private async newestOf(
    windows: readonly StoredWindow[],
    epoch: BaselineEpoch,
    grainMs: number,
  ): Promise<Profile | null> {
    const starts = [
      ...new Set(windows.filter(({ profile }) => holdsSomething(profile)).map(({ start }) => start)),
    ].sort((a, b) => a - b);
    const [begin = 0, end = 0] = [starts[0], (starts.at(-1) ?? 0) + grainMs];
    // By time and not by count: a roll-up stands for many windows.
    const newestFrom = begin + (end - begin) * (1 - NEWEST_SHARE);
    for (let first = starts.findLastIndex((start) => start <= newestFrom); first > 0; first -= 1) {
      const newest = windows.filter(({ start }) => start >= (starts[first] ?? 0));
      if (rowCountOf(newest) >= NEWEST_MIN_ROWS) return this.merge(newest, epoch);
    }
    return null;
  }
}

/** The rows that a span is compared with, and the windows that they are from; none for a baseline. */
interface ReferenceRows {
  readonly profile: Profile;
  readonly effects: DesignEffects;
  readonly windows: readonly StoredWindow[];
}

/** A baseline's rows have no times, so how they cluster is not known; they are many, so it matters little. */
const INDEPENDENT_BASELINE: DesignEffects = new Map();

/** Why the span cannot be compared, or null when it can. */
function obstacleTo(
  windows: readonly StoredWindow[],
  epoch: BaselineEpoch | null,
  columns: readonly string[],
): string | null {
  if (epoch === null) return 'no-baseline';
  if (rowCountOf(windows) === 0) return 'no-rows';
  if (isOnAnotherGrid(windows, epoch)) return 'baseline-changed';
  return columns.length === 0 ? 'no-columns' : null;
}

/** How many inferences the windows hold: of a logger that sends responses only, these are counted. */
function rowCountOf(windows: readonly StoredWindow[]): number {
  const count = windows.reduce((sum, { profile }) => sum + profile.rowCount, 0);
  return inferenceCountOf(count, talliesOf(windows));
}

/** How many inferences arrived for them, counted or not. */
function receivedCountOf(windows: readonly StoredWindow[]): number {
  const count = windows.reduce((sum, { receivedCount }) => sum + receivedCount, 0);
  return receivedInferenceCountOf(count, talliesOf(windows));
}

function talliesOf(windows: readonly StoredWindow[]): Record<string, number> {
  return addCounts(windows.map(({ rejections }) => rejections));
}

/** Whether some rows were counted on another grid and not rebuilt. */
function isOnAnotherGrid(windows: readonly StoredWindow[], { gridHash }: BaselineEpoch): boolean {
  return windows.some(({ profile }) => profile.grid.hash !== gridHash && holdsSomething(profile));
}

/** The windows that hold something on the baseline's grid: rows, or responses of requests elsewhere. */
function onGrid(windows: readonly StoredWindow[], { gridHash }: BaselineEpoch): StoredWindow[] {
  return windows.filter(({ profile }) => profile.grid.hash === gridHash && holdsSomething(profile));
}

function holdsSomething({ rowCount, columns }: Profile): boolean {
  return (
    rowCount > 0 ||
    columns.some(({ count, missingCount, invalidCount }) => count + missingCount + invalidCount > 0)
  );
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
