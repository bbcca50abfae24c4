import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { readContent, readRows, type BesideBody, type Delivery } from '#ingest';
import type { ReadBody } from '#payloads';
import { LeewayError } from '#platform';
import { HeldBody } from './held-body.js';

/** What a request to an ingest endpoint brings: a body of one payload or of events of a payload logger, or a Parquet file. */
export type IngestRequest =
  | { readonly kind: 'delivery'; readonly delivery: Delivery }
  | { readonly kind: 'parquet'; readonly stream: Readable };

type Request = Pick<FastifyRequest, 'headers' | 'body'>;

/** The type of the files that only HTTP takes. */
const FILE_TYPES = ['application/vnd.apache.parquet'];

/** Leaves reading the body to the room: it is read by its headers, and throws `body-empty` besides what `readContent` throws. */
export function ingestRequest({ headers, body }: Request, beside: BesideBody): IngestRequest {
  if (body instanceof Readable) return { kind: 'parquet', stream: body };
  const delivery: Delivery = {
    read: () => readContent(headers, bytesOf(body), beside, FILE_TYPES),
    release: () => release(body),
  };
  return { kind: 'delivery', delivery };
}

/**
 * Gives `use` the rows of a request that brings rows and nothing else: JSON, NDJSON or CSV. Their bytes count as held until it is done.
 *
 * @throws LeewayError `body-empty`, `invalid-json`, `unsupported-media-type`, and what `use` throws
 */
export async function usingRows<T>(
  { headers, body }: Request,
  use: (rows: ReadBody) => Promise<T>,
): Promise<T> {
  try {
    return await use(readRows(headers, bytesOf(body)));
  } finally {
    release(body);
  }
}

function bytesOf(body: unknown): Uint8Array {
  const bytes = body instanceof HeldBody ? body.take() : null;
  if (bytes === null || bytes.length === 0)
    throw new LeewayError('body-empty', 'the request has no body; send the rows');
  return bytes;
}

function release(body: unknown): void {
  if (body instanceof HeldBody) body.release();
}
