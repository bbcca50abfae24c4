import type { GroundTruth, StoredTruth } from '#ground-truth';
import type { CapturedRows, StoredCapturedRow, TimeRange, VersionContext } from '#ingest';
import { UNKNOWN, WHOLE, type Version } from '#registry';
import type { Estimator } from './estimators.js';
import { estimationFeatures } from './feature-columns.js';
import type { PerformancePlan } from './performance-plan.js';
import {
  ClassifierPerformance,
  RegressorPerformance,
  type SegmentPerformance,
  type SegmentRows,
} from './segment-performance.js';
import { classReader, numberReader, type PerformanceRow } from './window-rows.js';

type Read<Value> = (row: StoredCapturedRow, truth: StoredTruth | undefined) => PerformanceRow<Value>;

/** What the rows of a version are read and collected by. */
interface Collecting<Value> {
  readonly read: Read<Value>;
  readonly open: () => SegmentRows<Value>;
}

/** Reads the captured rows of a window with their ground truth, a page at a time, and computes the performance of each segment. */
export class WindowEvaluation {
  constructor(
    private readonly capturedRows: CapturedRows,
    private readonly groundTruth: GroundTruth,
  ) {}

  /**
   * What is found of each segment, `all` first; memory grows with the rows by some ten bytes each.
   *
   * @throws LeewayError `not-found` when the version was deleted meanwhile
   */
  async evaluate(
    context: VersionContext,
    plan: Exclude<PerformancePlan, { kind: 'none' }>,
    estimator: Estimator | null,
    range: TimeRange,
  ): Promise<ReadonlyMap<string, SegmentPerformance>> {
    return plan.kind === 'classification'
      ? this.collect(context, range, {
          read: classReader(plan),
          open: () =>
            new ClassifierPerformance(plan, estimator?.kind === 'classification' ? estimator : null),
        })
      : this.collect(context, range, {
          read: numberReader(plan),
          open: () =>
            new RegressorPerformance(
              estimationFeatures(context.version),
              estimator?.kind === 'regression' ? estimator : null,
            ),
        });
  }

  private async collect<Value>(
    context: VersionContext,
    range: TimeRange,
    { read, open }: Collecting<Value>,
  ): Promise<ReadonlyMap<string, SegmentPerformance>> {
    const segments = new Map([[WHOLE, open()]]);
    for await (const page of this.capturedRows.pages(context.version, range)) {
      const rows = await this.rowsOf(context.version, page, read);
      for (const [segment, part] of bySegment(rows, context)) {
        let collected = segments.get(segment);
        if (collected === undefined) segments.set(segment, (collected = open()));
        collected.add(part);
      }
    }
    return segments;
  }

  private async rowsOf<Value>(
    { model }: Version,
    page: readonly StoredCapturedRow[],
    read: Read<Value>,
  ): Promise<PerformanceRow<Value>[]> {
    const truths = await this.groundTruth.valuesOf(
      model.id,
      page.map(({ inferenceId }) => inferenceId),
    );
    return page.map((row) => read(row, truths.get(row.inferenceId)));
  }
}

/** The rows of each segment, and all of them as `all`. */
function bySegment<Value>(
  rows: PerformanceRow<Value>[],
  context: VersionContext,
): Map<string, PerformanceRow<Value>[]> {
  if (context.segmentColumns.length === 0) return new Map([[WHOLE, rows]]);
  return new Map([[WHOLE, rows], ...Map.groupBy(rows, ({ values }) => segmentOf(values, context))]);
}

function segmentOf(values: Readonly<Record<string, unknown>>, context: VersionContext): string {
  const cells = context.segmentColumns.map((name) => values[name]);
  return cells.includes(undefined) ? UNKNOWN : context.segmentOf(cells.map(cellOf));
}

function cellOf(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
