import { LeewayError, toRfc3339, type Database, type Instant } from '#platform';
import { epochAt, type Baselines, type ColumnSpec, type Models, type Version } from '#registry';
import { shownRow, type CapturedRowRecord, CAPTURED_COLUMNS } from './captured-rows.js';
import {
  EXAMPLE_REASONS,
  KIND_TYPES,
  referenceOf,
  shownReason,
  type ColumnReference,
  type CountingBaseline,
  type ExampleChoice,
  type ExampleReason,
} from './example-kinds.js';
import type { Windows } from './windows.js';

/** Characters of a value that are looked at: the longest category. */
const MAX_VALUE_LENGTH = 1_000;

/** Which examples of a column to show. */
export interface ExampleQuery extends ExampleChoice {
  readonly column: string;
  readonly limit: number;
}

/** One captured row that shows what is going on in a column. */
export interface CapturedExample {
  readonly inferenceId: string;
  readonly timestamp: string;
  /** Why it is shown. */
  readonly kind: ExampleReason;
  /** The column's value, null where it is missing. */
  readonly value: unknown;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Examples of one column of one window. */
export interface ColumnExamples {
  readonly model: string;
  readonly version: string;
  readonly start: string;
  readonly column: string;
  /** The baseline that the values are held against; null for windows from before the first one. */
  readonly baselineId: string | null;
  readonly examples: readonly CapturedExample[];
}

/** A captured row that is to be shown. */
interface PickedRow {
  readonly id: string;
  readonly reason: ExampleReason;
}

/** Finds captured rows of a window that show what is going on in a column. */
export class CapturedExamples {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly baselines: Baselines,
    private readonly windows: Windows,
  ) {}

  /**
   * Examples of one kind, or of every kind in the order of `EXAMPLE_REASONS`; within a kind by sample rank, which is
   * chance. The rows of a window are looked through once, their values of this column only.
   *
   * @throws LeewayError `not-found`, `column-unknown`, `column-redacted`, or `invalid-query` when the kind does not fit
   */
  async find(
    modelName: string,
    versionName: string,
    start: Instant,
    query: ExampleQuery,
  ): Promise<ColumnExamples> {
    const version = await this.models.getVersion(modelName, versionName);
    const column = checkedColumn(version, query);
    await this.checkWindow(version, start);
    const baseline = await this.baselineOf(version, start);
    const reference = referenceOf(column.name, baseline);
    checkReference(query, reference);
    const picks = await this.pick(version, start, column, reference, query);
    return {
      model: modelName,
      version: versionName,
      start: toRfc3339(start),
      column: column.name,
      baselineId: baseline?.epoch.id ?? null,
      examples: await this.read(version, start, column, picks),
    };
  }

  private async checkWindow(version: Version, start: Instant): Promise<void> {
    const { items } = await this.windows.list(version.model.name, version.name, {
      limit: 1,
      from: start,
      to: start + 1,
    });
    if (items.length === 0)
      throw new LeewayError(
        'not-found',
        `version ${JSON.stringify(version.name)} has no window that starts at ${toRfc3339(start)}`,
      );
  }

  private async baselineOf(version: Version, start: Instant): Promise<CountingBaseline | null> {
    const epoch = epochAt(await this.baselines.epochs(version.id), start);
    return epoch === null ? null : { epoch, profile: await this.baselines.profile(epoch.id) };
  }

  /** Served by captured_row_version. A half without this column says nothing of it, and is no missing value. */
  private async pick(
    version: Version,
    start: Instant,
    { name, type }: ColumnSpec,
    reference: ColumnReference,
    query: ExampleQuery,
  ): Promise<PickedRow[]> {
    const rows = await this.database.query<{ id: string; value: string | null }>(
      `select id, left(row_values ->> $3, $4) as value from captured_row
        where version_id = $1 and window_start = $2 and row_values ? $3 order by sample_rank, id`,
      // Of a text only whether it is there is looked at.
      [version.id, toRfc3339(start), name, type === 'text' ? 0 : MAX_VALUE_LENGTH],
    );
    const picks = rows.flatMap(({ id, value }): PickedRow[] => {
      const reason = shownReason(value, reference, query);
      return reason === null ? [] : [{ id, reason }];
    });
    return EXAMPLE_REASONS.flatMap((each) => picks.filter(({ reason }) => reason === each)).slice(
      0,
      query.limit,
    );
  }

  private async read(
    version: Version,
    start: Instant,
    column: ColumnSpec,
    picks: readonly PickedRow[],
  ): Promise<CapturedExample[]> {
    const rows = await this.database.query<CapturedRowRecord>(
      `select ${CAPTURED_COLUMNS} from captured_row where window_start = $1 and id = any ($2::bigint[])`,
      [toRfc3339(start), picks.map(({ id }) => id)],
    );
    const byId = new Map(rows.map((row) => [row.id, shownRow(row, version)]));
    return picks.flatMap(({ id, reason }) => {
      const row = byId.get(id);
      // A row may have been deleted since it was picked.
      if (row === undefined) return [];
      const { inferenceId, timestamp, values } = row;
      return [{ inferenceId, timestamp, kind: reason, value: values[column.name], values }];
    });
  }
}

function checkedColumn(version: Version, { column: name, kind, value }: ExampleQuery): ColumnSpec {
  const column = version.columns.find((each) => each.name === name);
  if (column === undefined)
    throw new LeewayError(
      'column-unknown',
      `version ${JSON.stringify(version.name)} has no column ${JSON.stringify(name)}; it has ${version.columns.map((each) => JSON.stringify(each.name)).join(', ')}`,
    );
  if (version.model.capture.redactedColumns.includes(name))
    throw new LeewayError(
      'column-redacted',
      `the column ${JSON.stringify(name)} is redacted: it is counted but never captured`,
    );
  if (!KIND_TYPES[kind].includes(column.type))
    throw misfit(
      '/kind',
      `${kind} examples are of ${KIND_TYPES[kind].join(' and ')} columns; ${JSON.stringify(name)} is ${column.type}`,
    );
  if ((kind === 'category') !== (value !== undefined))
    throw misfit('/value', 'name the category as value with kind=category, and only there');
  return column;
}

function checkReference({ kind, column }: ExampleQuery, reference: ColumnReference): void {
  if (reference.kind !== 'none' || (kind !== 'out-of-range' && kind !== 'unseen')) return;
  throw misfit(
    '/kind',
    `no baseline counts for this window that has values of ${JSON.stringify(column)}, so nothing of it is ${kind}`,
  );
}

function misfit(pointer: string, detail: string): LeewayError {
  return new LeewayError('invalid-query', detail, { places: [{ pointer, detail }] });
}
