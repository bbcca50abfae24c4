import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { MAX_EVENTS, unreadable, type IngestMessage } from '#ingest';
import {
  isBinaryMode,
  readBinaryEvent,
  readBody,
  readStructuredEvents,
  UnreadablePayload,
  type BodyFormat,
  type PayloadPart,
  type ReadBody,
  type ReadEvent,
} from '#payloads';
import { LeewayError } from '#platform';

/** What a request to an ingest endpoint brings: one payload, events of a payload logger, or a Parquet file. */
export type IngestRequest =
  | { readonly kind: 'payload'; readonly message: IngestMessage }
  | { readonly kind: 'events'; readonly events: readonly ReadEvent[] }
  | { readonly kind: 'parquet'; readonly stream: Readable };

/** What stands in a request beside its body. */
export interface BesideBody {
  readonly payloadId: string | undefined;
  readonly part: PayloadPart | undefined;
}

const FORMATS: Readonly<Record<string, BodyFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/csv': 'csv',
  'application/octet-stream': 'v2-binary',
};

/** The length of the JSON in front of V2's binary tensors. */
const JSON_LENGTH = 'inference-header-content-length';

/**
 * Reads a request by its headers. Decoding its rows is left to the room.
 *
 * @throws LeewayError `body-empty`, `invalid-json`, `invalid-body`, `unsupported-media-type`
 */
export function readIngestRequest(
  { headers, body }: Pick<FastifyRequest, 'headers' | 'body'>,
  beside: BesideBody,
): IngestRequest {
  if (body instanceof Readable) return { kind: 'parquet', stream: body };
  if (!(body instanceof Uint8Array) || body.length === 0)
    throw new LeewayError('body-empty', 'the request has no body; send the rows that were served');
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  try {
    if (isBinaryMode(headers))
      return { kind: 'events', events: [readBinaryEvent(headers, body, jsonLengthOf(headers[JSON_LENGTH]))] };
    if (/^application\/cloudevents(-batch)?\+json$/.test(type))
      return { kind: 'events', events: structuredEvents(body) };
    return {
      kind: 'payload',
      message: { ...beside, body: payloadBody(type, jsonLengthOf(headers[JSON_LENGTH]), body) },
    };
  } catch (error) {
    throw error instanceof UnreadablePayload ? unreadable(error) : error;
  }
}

function structuredEvents(body: Uint8Array): ReadEvent[] {
  const read = readBody('json', body);
  return readStructuredEvents(read.format === 'json' ? read.value : null, MAX_EVENTS);
}

/** With a length of its JSON a body is V2's with binary tensors, whatever its content type says. */
function payloadBody(type: string, jsonLength: number | null, body: Uint8Array): ReadBody {
  if (jsonLength !== null) return readBody('v2-binary', body, jsonLength);
  const format = FORMATS[type];
  if (format !== undefined) return readBody(format, body);
  throw new LeewayError(
    'unsupported-media-type',
    `the content type ${JSON.stringify(type)} is not supported here; send one of ${[...Object.keys(FORMATS), 'application/vnd.apache.parquet', 'application/cloudevents+json', 'application/cloudevents-batch+json'].join(', ')}`,
  );
}

/** What the header says, or null where it was not sent. */
function jsonLengthOf(header: unknown): number | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^\d{1,9}$/.test(header)) return Number(header);
  throw new LeewayError(
    'invalid-body',
    'the header Inference-Header-Content-Length is not a number of bytes',
  );
}
