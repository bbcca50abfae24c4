import {
  decodeCursor,
  deleteRows,
  LeewayError,
  toPage,
  toRfc3339,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Transaction,
} from '#platform';
import type { DeadLetterReason } from '../dead-letter-reasons.js';

/** A message of a source that could not be counted. */
export interface DeadLetter {
  readonly id: string;
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  /** A number as text. */
  readonly offset: string;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The size of the whole value. */
  readonly sizeBytes: number;
  readonly reason: DeadLetterReason;
  readonly detail: string;
  readonly model: string;
  readonly version: string;
  readonly producedAt: string | null;
  readonly at: string;
}

/** A dead letter with what is kept of its value. */
export interface WholeDeadLetter extends DeadLetter {
  /** The first 64 KiB, in base64; null for a message without a value. */
  readonly value: string | null;
  /** The same as text, where it is UTF-8. */
  readonly text: string | null;
}

interface Row {
  id: string;
  source: string;
  topic: string;
  partition: number;
  message_offset: string;
  key: Buffer | null;
  headers: Record<string, string>;
  value?: Buffer | null;
  size_bytes: number;
  reason: DeadLetterReason;
  detail: string;
  model: string;
  version: string;
  produced_at: Date | null;
  at: Date;
}

const COLUMNS = `id, source, topic, partition, message_offset, key, headers, size_bytes, reason, detail, model, version,
                 produced_at, at`;
const ID = /^\d{1,18}$/;

/** The messages that sources could not count. Commits write them: see `SourceProgress`. */
export class DeadLetters {
  constructor(private readonly database: Database) {}

  /** The dead letters of a source, newest first, without their values. */
  async list(
    source: string,
    { limit, cursor, reason }: PageRequest & { readonly reason?: DeadLetterReason | undefined },
  ): Promise<Page<DeadLetter>> {
    const rows = await this.database.query<Row>(
      `select ${COLUMNS} from dead_letter
        where source = $1 and ($2::bigint is null or id < $2) and ($3::text is null or reason = $3)
        order by id desc limit $4`,
      [source, decodeCursor(cursor), reason ?? null, limit + 1],
    );
    return toPage(rows, limit, ({ id }) => id, toDeadLetter);
  }

  async count(source: string): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(
      'select count(*) as count from dead_letter where source = $1',
      [source],
    );
    return Number(row?.count ?? 0);
  }

  /** @throws LeewayError `not-found` */
  async get(source: string, id: string): Promise<WholeDeadLetter> {
    const [row] = ID.test(id)
      ? await this.database.query<Row>(
          `select ${COLUMNS}, value from dead_letter where source = $1 and id = $2`,
          [source, id],
        )
      : [];
    if (row === undefined) throw noDeadLetter(source, id);
    const value = row.value ?? null;
    return { ...toDeadLetter(row), value: value?.toString('base64') ?? null, text: value && textOf(value) };
  }

  /** @throws LeewayError `not-found` */
  async delete(source: string, id: string): Promise<void> {
    const count = ID.test(id)
      ? await deleteRows(this.database, 'delete from dead_letter where source = $1 and id = $2', [source, id])
      : 0;
    if (count === 0) throw noDeadLetter(source, id);
  }

  async deleteBefore(instant: Instant): Promise<void> {
    await this.database.query('delete from dead_letter where at < $1', [toRfc3339(instant)]);
  }
}

/** Deletes the messages that named a model, or that their source took for it. */
export function deleteDeadLettersOf(tx: Transaction, model: string): Promise<number> {
  return deleteRows(tx, 'delete from dead_letter where model = $1', [model]);
}

function noDeadLetter(source: string, id: string): LeewayError {
  return new LeewayError(
    'not-found',
    `the source ${JSON.stringify(source)} has no dead letter ${JSON.stringify(id)}`,
  );
}

function toDeadLetter(row: Row): DeadLetter {
  return {
    id: row.id,
    source: row.source,
    topic: row.topic,
    partition: row.partition,
    offset: row.message_offset,
    key: row.key?.toString('utf8') ?? null,
    headers: row.headers,
    sizeBytes: row.size_bytes,
    reason: row.reason,
    detail: row.detail,
    model: row.model,
    version: row.version,
    producedAt: row.produced_at?.toISOString() ?? null,
    at: row.at.toISOString(),
  };
}

/** The text of UTF-8, of which the last character may have been cut; null of other bytes. */
function textOf(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return null;
  }
}
