import { importanceOf, type Importances, type Version } from '#registry';
import {
  compareProfiles,
  modelVerdict,
  type ColumnDrift,
  type DesignEffects,
  type DriftThresholds,
  type Profile,
  type Reference,
  type Verdict,
} from '#stats';

/** Why a model's verdict is what it is; the statistics' own reasons, or why nothing could be compared. */
export type DriftReason = string;

/** One comparison of a span of windows with a baseline. */
export interface DriftResult {
  readonly model: string;
  readonly version: string;
  readonly monitor: string | null;
  /** The segment that was compared, or null for all of them together. */
  readonly segment: string | null;
  readonly evaluatedAt: string;
  /** When it was noticed that rows have come since which this result does not hold; null while it holds them all. */
  readonly outdatedAt: string | null;
  readonly from: string;
  readonly to: string;
  /** What the span was compared with; a result stored before there was a choice has none, and means the baseline. */
  readonly reference?: Reference;
  readonly verdict: Verdict;
  readonly reason: DriftReason;
  /** Share of the compared features that drifted, 0–1, weighted by importance; null when nothing was compared. */
  readonly driftedShare: number | null;
  /** Rows in the windows of the span that were compared, or could have been: n of `receivedCount`. */
  readonly rowCount: number;
  /** Rows that arrived for the windows of the span: N. */
  readonly receivedCount: number;
  /** `sampled`: some windows are from before the baseline and were rebuilt on its grid from their captured rows. */
  readonly basis: 'all' | 'sampled';
  /** Columns that were asked for and not compared, because rebuilt windows do not have them: redacted ones, cut texts. */
  readonly leftOutColumns: readonly string[];
  readonly baselineId: string | null;
  readonly gridHash: string | null;
  readonly columns: readonly ColumnDrift[];
}

/** What a comparison looks at: the whole span, and its newest part for explaining what changed. */
export interface Compared {
  readonly version: Version;
  readonly baseline: Profile;
  readonly window: Profile;
  /** The newest windows of the span, or null when they hold too few rows to explain anything. */
  readonly newest: Profile | null;
  /** How much rows of the reference and of the span cluster. */
  readonly baselineEffects: DesignEffects;
  readonly windowEffects: DesignEffects;
  readonly columns: readonly string[];
  /** Weights of features that came with the baseline. */
  readonly importances: Importances | null;
  readonly thresholds: Partial<DriftThresholds>;
  readonly driftedShare: number;
}

export interface Comparison {
  readonly verdict: Verdict;
  readonly reason: DriftReason;
  readonly driftedShare: number;
  readonly columns: readonly ColumnDrift[];
}

/**
 * Compares a span with the baseline and says what the model's verdict is. Pure.
 *
 * The verdict rests on the whole span. What changed is explained from the newest windows where the span alone does not
 * show it: a fault that began in the middle of the span leaves a mixture of two distributions, and no unit mistake can
 * be recognised in a mixture. Those windows are compared as independent rows: the design effects of the span hold the
 * very change that is to be explained.
 */
export function compare({
  version,
  baseline,
  window,
  newest,
  baselineEffects,
  windowEffects,
  columns,
  importances,
  thresholds,
  driftedShare,
}: Compared): Comparison {
  const options = { thresholds, onlyColumns: columns };
  const compared = compareProfiles(baseline, window, { ...options, baselineEffects, windowEffects });
  const latest = new Map(
    newest === null ? [] : compareProfiles(baseline, newest, options).map((drift) => [drift.column, drift]),
  );
  const explained = compared.map((drift) => withNewestScale(drift, latest.get(drift.column)));
  const roles = new Map(version.columns.map((column) => [column.name, column]));
  const judged = explained.flatMap(({ column, verdict }) => {
    const spec = roles.get(column);
    if (spec === undefined) return [];
    const importance = importanceOf(spec, importances);
    return [{ column, role: spec.role, verdict, ...(importance === undefined ? {} : { importance }) }];
  });
  const { verdict, reason, driftedShare: share } = modelVerdict(judged, driftedShare);
  return { verdict, reason, driftedShare: share, columns: explained };
}

function withNewestScale(drift: ColumnDrift, newest: ColumnDrift | undefined): ColumnDrift {
  if (drift.scale !== null || newest === undefined || newest.scale === null || drift.verdict === 'ok')
    return drift;
  return {
    ...drift,
    scale: newest.scale,
    explanation: `${drift.explanation}; in the newest windows: ${newest.explanation}`,
  };
}
