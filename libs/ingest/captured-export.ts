import type { GroundTruth } from '#ground-truth';
import type { ColumnType } from '#payloads';
import {
  LeewayError,
  parquetBytes,
  type WrittenBatch,
  type WrittenCell,
  type WrittenColumn,
} from '#platform';
import type { ColumnSpec, Models, Version } from '#registry';
import type { CapturedRows, StoredCapturedRow } from './captured-rows.js';
import { labelledPages } from './labelled-pages.js';
import { ExportSlots } from './export-slots.js';
import type { TimeRange } from './windows.js';

/** The forms in which captured rows leave as a whole. */
export const EXPORT_FORMATS = ['ndjson', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What to export: the rows whose windows start in the range. */
export interface ExportQuery extends Partial<TimeRange> {
  readonly format: ExportFormat;
}

const PARQUET_TYPES: Readonly<Record<ColumnType, WrittenColumn['type']>> = {
  numeric: 'DOUBLE',
  categorical: 'VARCHAR',
  text: 'VARCHAR',
  boolean: 'BOOLEAN',
};

/** Exports of one process at once. */
const MAX_EXPORTS = 4;

/** Exports captured rows, for training and as baselines. */
export class CapturedExport {
  private readonly slots = new ExportSlots(MAX_EXPORTS);

  constructor(
    private readonly models: Models,
    private readonly capturedRows: CapturedRows,
    private readonly groundTruth: GroundTruth,
  ) {}

  /**
   * The bytes of a file of all captured rows of a version, in memory a page at a time. Every row has every column of the schema
   * that is not redacted, null where it lacks one, so that the file can be read as a baseline; its ground truth is what has come
   * since. A generator that throws has made part of a file: it must not be taken for a whole one. It holds one of four
   * slots until it ends, or until `signal` says that nobody reads it.
   *
   * @throws LeewayError `not-found`, `exports-busy`, or `invalid-query` for Parquet where names differ only in case
   */
  async open(
    modelName: string,
    versionName: string,
    { format, ...range }: ExportQuery,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<string | Buffer>> {
    const version = await this.models.getVersion(modelName, versionName);
    const bytes = this.bytesOf(version, format, range, signal);
    const release = this.slots.take();
    // One that is never begun has no end of its own.
    signal.addEventListener('abort', release, { once: true });
    if (signal.aborted) release();
    return releasing(bytes, release);
  }

  private bytesOf(
    version: Version,
    format: ExportFormat,
    range: Partial<TimeRange>,
    signal: AbortSignal,
  ): AsyncGenerator<string | Buffer> {
    const { redactedColumns } = version.model.capture;
    const columns = version.columns.filter(({ name }) => !redactedColumns.includes(name));
    const pages = labelledPages(this.capturedRows.pages(version, range), version, this.groundTruth);
    switch (format) {
      case 'ndjson':
        return ndjsonLines(columns, pages, signal);
      case 'parquet':
        return parquetBytes(parquetColumns(version, columns), parquetBatches(columns, pages), signal);
    }
  }
}

async function* releasing<T>(items: AsyncGenerator<T>, release: () => void): AsyncGenerator<T> {
  try {
    yield* items;
  } finally {
    release();
  }
}

/** The lines of one page at a time: `{ inferenceId, timestamp, values: { column: value } }`. */
async function* ndjsonLines(
  columns: readonly ColumnSpec[],
  pages: AsyncIterable<readonly StoredCapturedRow[]>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  for await (const rows of pages) {
    signal.throwIfAborted();
    const lines = rows.map(({ inferenceId, timestamp, values }) => {
      const cells = columns.map(({ name, type }) => [name, capturedCell(values[name], type)] as const);
      return `${JSON.stringify({ inferenceId, timestamp, values: Object.fromEntries(cells) })}\n`;
    });
    yield lines.join('');
  }
}

async function* parquetBatches(
  columns: readonly ColumnSpec[],
  pages: AsyncIterable<readonly StoredCapturedRow[]>,
): AsyncGenerator<WrittenBatch> {
  for await (const rows of pages) {
    yield [
      rows.map(({ inferenceId }) => inferenceId),
      rows.map(({ timestamp }) => Date.parse(timestamp)),
      ...columns.map(({ name, type }) => rows.map(({ values }) => capturedCell(values[name], type))),
    ];
  }
}

/** A captured value in its column's own type: booleans are captured as the categories that they are counted as. */
export function capturedCell(value: unknown, type: ColumnType): WrittenCell {
  if (type === 'numeric') return typeof value === 'number' ? value : null;
  if (typeof value !== 'string') return null;
  return type === 'boolean' ? value === 'true' : value;
}

/**
 * The id and time of the inference, then the columns of the schema, which keep their names: where one of them is called
 * `inference_id` or `timestamp`, in any case, Leeway's own is called `leeway_inference_id` or `leeway_timestamp`.
 */
function parquetColumns(version: Version, columns: readonly ColumnSpec[]): WrittenColumn[] {
  const byLowerCase = new Map<string, string>();
  for (const { name } of columns) {
    const other = byLowerCase.get(name.toLowerCase());
    if (other !== undefined) throw sameButForCase(version, other, name);
    byLowerCase.set(name.toLowerCase(), name);
  }
  // Also the name of a redacted column is taken: a reader would take Leeway's own values for its.
  const taken = new Set(version.columns.map(({ name }) => name.toLowerCase()));
  const free = (name: string): string => (taken.has(name) ? free(`leeway_${name}`) : name);
  return [
    { name: free('inference_id'), type: 'VARCHAR' },
    { name: free('timestamp'), type: 'TIMESTAMPTZ' },
    ...columns.map(({ name, type }) => ({ name, type: PARQUET_TYPES[type] })),
  ];
}

function sameButForCase({ name }: Version, one: string, other: string): LeewayError {
  const detail = `the columns ${JSON.stringify(one)} and ${JSON.stringify(other)} of version ${JSON.stringify(name)} differ only in case, which readers of Parquet do not tell apart; use format=ndjson`;
  return new LeewayError('invalid-query', detail, { places: [{ pointer: '/format', detail }] });
}
