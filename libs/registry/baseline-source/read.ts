import type { ColumnSpec } from '../schemas.js';
import type { BaselineBatch } from './batch.js';
import { readCsv } from './csv.js';
import { readNdjson, readPages, readRows } from './ndjson.js';
import { readParquet } from './parquet.js';
import type { BaselineProfile, BaselineSource } from './source.js';

/** The rows of a source, some thousand at a time. */
export function readBatches(
  source: Exclude<BaselineSource, BaselineProfile>,
  columns: readonly ColumnSpec[],
): AsyncGenerator<BaselineBatch> {
  switch (source.kind) {
    case 'csv':
    case 'ndjson':
    case 'parquet':
      return STREAM_READERS[source.kind]({ kind: source.kind, stream: source.stream }, columns);
    case 'rows':
      return readRows(source, columns);
    case 'captured-rows':
      return readPages(source, columns);
  }
}

const STREAM_READERS = { csv: readCsv, ndjson: readNdjson, parquet: readParquet } as const;
