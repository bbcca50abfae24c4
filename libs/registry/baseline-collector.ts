import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  BaselineStream,
  ColumnGridBuilder,
  emptyProfile,
  foldColumns,
  gridOfColumns,
  type ColumnProfile,
  type NamedColumnGrid,
  type Profile,
} from '#stats';
import type { BaselineBatch } from './baseline-source/batch.js';
import { collectedColumn, type CollectedColumn } from './collected-columns.js';
import type { ColumnSpec } from './schemas.js';

/**
 * Bytes of values that are held, so that grids and counts are exact: 1,000,000 rows of 40 columns. What is larger is summed up in one
 * pass, in memory that does not grow, with errors that are certified (see `BaselineStream`).
 */
export const MAX_EXACT_BYTES = 320_000_000;

/** Makes grid and profile of training data that comes some rows at a time. */
export class BaselineCollector {
  rowCount = 0;
  private exact: readonly CollectedColumn[] | null;
  private readonly stream = new BaselineStream();

  constructor(
    columns: readonly ColumnSpec[],
    private readonly maxExactBytes = MAX_EXACT_BYTES,
  ) {
    this.exact = columns.map(collectedColumn);
  }

  /** Adds rows; their values are copied. */
  add(batch: BaselineBatch): void {
    if (this.exact === null) this.stream.fold(batch.rowCount, batch.columns);
    else this.collect(batch, this.exact);
    this.rowCount += batch.rowCount;
  }

  /** The profile on its grid; the columns are let go of one by one. Other work of the process gets its turn between them. */
  async finish(): Promise<Profile> {
    if (this.exact === null) return this.stream.finish().profile;
    return exactProfile(this.exact, this.rowCount);
  }

  private collect({ rowCount, columns }: BaselineBatch, exact: readonly CollectedColumn[]): void {
    const byName = new Map(columns.map((column) => [column.name, column]));
    let bytes = 0;
    for (const column of exact) {
      column.add(byName.get(column.name), rowCount);
      bytes += column.bytes;
    }
    if (bytes <= this.maxExactBytes) return;
    // The batch is counted behind this, so the rows so far are those before it and its own.
    const collected = exact.flatMap((column) => column.take() ?? []);
    this.stream.fold(this.rowCount + rowCount, collected);
    this.exact = null;
  }
}

async function exactProfile(collected: readonly CollectedColumn[], rowCount: number): Promise<Profile> {
  const builder = new ColumnGridBuilder();
  const grids: NamedColumnGrid[] = [];
  const profiles: ColumnProfile[] = [];
  for (const each of collected) {
    const column = each.take();
    if (column === null) continue;
    const grid = builder.gridOf(column);
    const alone = emptyProfile(gridOfColumns([grid]));
    foldColumns(alone, rowCount, [column]);
    grids.push(grid);
    profiles.push(...alone.columns);
    await nextTurn();
  }
  return { grid: gridOfColumns(grids), rowCount, columns: profiles };
}
