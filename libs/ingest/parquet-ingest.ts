import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import {
  ID_FIELDS,
  TIME_FIELDS,
  type PayloadColumn,
  type PayloadPart,
  type Table,
  type TableCells,
} from '#payloads';
import {
  doublesExpression,
  doublesOf,
  LeewayError,
  ParquetFile,
  quotedColumn,
  UnreadableParquet,
  type ParquetColumn,
} from '#platform';
import type { Ingest, TableMessage } from './ingest.js';
import { MAX_LISTED_REJECTIONS, type Rejection } from '#payloads';
import type { IngestReceipt } from './receipts.js';
import { MAX_PAYLOAD_ROWS } from './schemas.js';

/** A Parquet file of served rows: a bulk back-fill. */
export interface ParquetMessage {
  readonly stream: Readable;
  readonly payloadId: string | undefined;
  readonly part: PayloadPart | undefined;
}

/** How often a part of a file waits while commits are behind, a second each, before its sender hears of it. */
const MAX_WAITS = 60;

/**
 * Takes Parquet files of any number of rows, a payload of `MAX_PAYLOAD_ROWS` at a time, each with a key of its own: a file that
 * is sent again with the same payload id after a failure in the middle counts each of its rows once.
 */
export class ParquetIngest {
  constructor(private readonly ingest: Ingest) {}

  /** @throws LeewayError `invalid-body` when it is no Parquet file, and what `Ingest.accept` throws */
  async accept(
    model: string,
    version: string,
    { stream, payloadId, part }: ParquetMessage,
  ): Promise<IngestReceipt> {
    const id = payloadId ?? randomUUID();
    const columns = await this.ingest.columnsOf(model, version);
    const total = new FileReceipt(id, part ?? 'whole');
    await ParquetFile.use(stream, async (file) => {
      const selection = selectionOf(columns, await file.columns());
      let batch = new RowBatch(selection);
      let chunkIndex = 0;
      const flush = async (): Promise<void> => {
        const message: TableMessage = {
          table: batch.table(),
          part: part ?? 'whole',
          firstRow: total.rowCount,
          payloadId: id,
          key: payloadId === undefined ? null : `${payloadId}/${chunkIndex}`,
        };
        total.add(await this.waiting(() => this.ingest.acceptTable(model, version, message)));
        chunkIndex += 1;
        batch = new RowBatch(selection);
      };
      for await (const chunk of file.chunks(selection.map(({ expression }) => expression))) {
        if (batch.rowCount + chunk.rowCount > MAX_PAYLOAD_ROWS) await flush();
        batch.push(chunk);
      }
      if (batch.rowCount > 0) await flush();
    }).catch((error: unknown) => {
      throw error instanceof UnreadableParquet
        ? new LeewayError('invalid-body', error.message, { cause: error })
        : error;
    });
    if (total.rowCount === 0)
      throw new LeewayError('payload-empty', 'the file has 0 rows; send at least one');
    return total.build();
  }

  /** A file is worth waiting for: sent again from its start it would cost more than its turn. */
  private async waiting<T>(run: () => Promise<T>): Promise<T> {
    for (let wait = 0; ; wait += 1) {
      try {
        return await run();
      } catch (error) {
        const isBusy = error instanceof LeewayError && error.code === 'ingest-overloaded';
        if (!isBusy || wait === MAX_WAITS) throw error;
        await sleep(1_000 * (error.retryAfterSeconds ?? 1));
      }
    }
  }
}

type Target =
  | { readonly kind: 'column'; readonly column: PayloadColumn }
  | { readonly kind: 'id' | 'text-time' | 'time' | 'other' };

/** One expression that is read from the file, and what its values are. */
interface Selected {
  readonly name: string;
  readonly expression: string;
  readonly target: Target;
}

function selectionOf(columns: readonly PayloadColumn[], present: readonly ParquetColumn[]): Selected[] {
  const known = new Map(columns.map((column) => [column.name, column]));
  const idField = ID_FIELDS.find(
    (name) => !known.has(name) && present.some((column) => column.name === name),
  );
  return present.map(({ name, type }): Selected => {
    const quoted = quotedColumn(name);
    const column = known.get(name);
    if (column !== undefined)
      return {
        name,
        expression: column.type === 'numeric' ? doublesExpression(name) : `cast(${quoted} as varchar)`,
        target: { kind: 'column', column },
      };
    if (name === idField) return { name, expression: `cast(${quoted} as varchar)`, target: { kind: 'id' } };
    if (!TIME_FIELDS.includes(name)) return { name, expression: 'null', target: { kind: 'other' } };
    return /^(TIMESTAMP|DATE)/.test(type)
      ? { name, expression: `epoch_ms(${quoted})::double`, target: { kind: 'time' } }
      : { name, expression: `cast(${quoted} as varchar)`, target: { kind: 'text-time' } };
  });
}

/** Rows of some chunks, by column. */
class RowBatch {
  rowCount = 0;
  private readonly cells: unknown[][];

  constructor(private readonly selection: readonly Selected[]) {
    this.cells = selection.map(() => []);
  }

  push(chunk: DuckDBDataChunk): void {
    this.selection.forEach(({ target }, index) => {
      const cells = this.cells[index] ?? [];
      for (const value of valuesOf(chunk, index, target)) cells.push(value);
    });
    this.rowCount += chunk.rowCount;
  }

  table(): Table {
    const columns = new Map<string, TableCells>();
    let inferenceIds: unknown[] | undefined;
    let timestamps: unknown[] | undefined;
    this.selection.forEach(({ name, target }, index) => {
      const cells = this.cells[index] ?? [];
      if (target.kind === 'id') inferenceIds = cells;
      else if (target.kind === 'time' || target.kind === 'text-time') timestamps = cells;
      else columns.set(name, cells);
    });
    return { rowCount: this.rowCount, columns, inferenceIds, timestamps, hasZone: false };
  }
}

/** The values of one expression as JSON would have them. */
function valuesOf(chunk: DuckDBDataChunk, index: number, target: Target): Iterable<unknown> {
  if (target.kind === 'column' && target.column.type === 'numeric')
    return Array.from(doublesOf(chunk, index), (value) => (Number.isNaN(value) ? null : value));
  const values = chunk.getColumnValues(index);
  if (target.kind === 'time')
    return values.map((at) => (typeof at === 'number' ? new Date(at).toISOString() : undefined));
  if (target.kind === 'column' && target.column.type === 'boolean')
    return values.map((value) => (value === 'true' ? true : value === 'false' ? false : value));
  return values;
}

/** The receipts of a file's parts, added up. */
class FileReceipt {
  rowCount = 0;
  private isAccepted = false;
  private readonly counts = { acceptedCount: 0, sampledOutCount: 0, rejectedCount: 0 };
  private readonly rejections: Rejection[] = [];
  private ignoredColumns: readonly string[] = [];

  constructor(
    private readonly payloadId: string,
    private readonly part: PayloadPart,
  ) {}

  add(receipt: IngestReceipt): void {
    this.rowCount += receipt.receivedCount;
    this.isAccepted ||= receipt.status === 'accepted';
    this.counts.acceptedCount += receipt.acceptedCount;
    this.counts.sampledOutCount += receipt.sampledOutCount;
    this.counts.rejectedCount += receipt.rejectedCount;
    this.rejections.push(...receipt.rejections.slice(0, MAX_LISTED_REJECTIONS - this.rejections.length));
    this.ignoredColumns = receipt.ignoredColumns;
  }

  build(): IngestReceipt {
    return {
      payloadId: this.payloadId,
      status: this.isAccepted ? 'accepted' : 'duplicate',
      part: this.part,
      receivedCount: this.rowCount,
      ...this.counts,
      rejections: this.rejections,
      omittedRejectionCount: this.counts.rejectedCount - this.rejections.length,
      ignoredColumns: this.ignoredColumns,
    };
  }
}
