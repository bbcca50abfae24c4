import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_LISTED_REJECTIONS, type PayloadPart, type Rejection } from '#payloads';
import { LeewayError, ParquetFile, UnreadableParquet } from '#platform';
import type { Ingest } from './ingest.js';
import type { TableMessage } from './payload-decoder.js';
import { parquetTables } from './parquet-rows.js';
import type { IngestReceipt } from './receipts.js';
import { MAX_PAYLOAD_ROWS } from './schemas.js';

/** A Parquet file of served rows: a bulk back-fill. */
export interface ParquetMessage {
  readonly stream: Readable;
  readonly payloadId: string | undefined;
  readonly part: PayloadPart | undefined;
}

/** What one part of a file may hold: as many rows and as much text as a payload. */
const BATCH = { maxRows: MAX_PAYLOAD_ROWS, maxTextUnits: 16 * 2 ** 20 };

/** How often a part of a file waits while commits are behind, a second each, before its sender hears of it. */
const MAX_WAITS = 60;

/**
 * Takes Parquet files of any number of rows, a payload at a time, each with a key of its own: a file that
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
      let index = 0;
      for await (const table of parquetTables(file, columns, BATCH)) {
        const key = payloadId === undefined ? null : `${payloadId}/${index}`;
        const message: TableMessage = { table, part: part ?? 'whole', payloadId: id, key };
        total.add(await this.waiting(() => this.ingest.acceptTable(model, version, message)));
        index += 1;
      }
    }).catch(async (error: unknown) => {
      if (!(error instanceof UnreadableParquet)) throw error;
      await this.ingest.countUnreadable(model, version);
      throw new LeewayError('invalid-body', error.message, { cause: error });
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
