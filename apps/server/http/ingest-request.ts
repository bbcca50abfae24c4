import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { readContent, readRows, type BesideBody, type IngestContent } from '#ingest';
import type { ReadBody } from '#payloads';
import { LeewayError } from '#platform';

/** What a request to an ingest endpoint brings: one payload, events of a payload logger, or a Parquet file. */
export type IngestRequest = IngestContent | { readonly kind: 'parquet'; readonly stream: Readable };

/** The type of the files that only HTTP takes. */
const FILE_TYPES = ['application/vnd.apache.parquet'];

/**
 * Reads a request by its headers. Decoding its rows is left to the room.
 *
 * @throws LeewayError `body-empty`, and what `readContent` throws
 */
export function readIngestRequest(
  { headers, body }: Pick<FastifyRequest, 'headers' | 'body'>,
  beside: BesideBody,
): IngestRequest {
  if (body instanceof Readable) return { kind: 'parquet', stream: body };
  if (!(body instanceof Uint8Array) || body.length === 0)
    throw new LeewayError('body-empty', 'the request has no body; send the rows that were served');
  return readContent(headers, body, beside, FILE_TYPES);
}

/**
 * Reads a request that brings rows and nothing else: JSON, NDJSON or CSV.
 *
 * @throws LeewayError `body-empty`, `invalid-json`, `unsupported-media-type`
 */
export function readRowsRequest({ headers, body }: Pick<FastifyRequest, 'headers' | 'body'>): ReadBody {
  if (!(body instanceof Uint8Array) || body.length === 0)
    throw new LeewayError('body-empty', 'the request has no body; send rows');
  return readRows(headers, body);
}
