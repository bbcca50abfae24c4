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
import { unreadable } from './receipts.js';
import { MAX_EVENTS } from './schemas.js';

/** A payload as a source hands it over: its body, and what was said of it outside the body. */
export interface IngestMessage {
  readonly body: ReadBody;
  /** The idempotency key of its sender, where it was sent beside the body. */
  readonly payloadId?: string | undefined;
  /** What the rows are, where it was said beside the body. */
  readonly part?: PayloadPart | undefined;
}

/** What one message of a source brings: one payload, or events of a payload logger. */
export type IngestContent =
  | { readonly kind: 'payload'; readonly message: IngestMessage }
  | { readonly kind: 'events'; readonly events: readonly ReadEvent[] };

/** What stands in a message beside its body. */
export interface BesideBody {
  readonly payloadId: string | undefined;
  readonly part: PayloadPart | undefined;
}

/** Headers as HTTP has them: names in lower case, CloudEvents' attributes behind `ce-`. */
type Headers = Readonly<Record<string, unknown>>;

const FORMATS: Readonly<Record<string, BodyFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'text/csv': 'csv',
  'application/octet-stream': 'v2-binary',
};
const EVENTS = ['application/cloudevents+json', 'application/cloudevents-batch+json'];

/** The length of the JSON in front of V2's binary tensors. */
const JSON_LENGTH = 'inference-header-content-length';

/**
 * Reads a message by its headers, in whichever form it is written. Decoding its rows is left to `Ingest`.
 *
 * @throws LeewayError `invalid-json`, `invalid-body`, `payload-too-large`, `unsupported-media-type`; `otherTypes` is what its
 * message names besides
 */
export function readContent(
  headers: Headers,
  body: Uint8Array,
  beside: BesideBody,
  otherTypes: readonly string[] = [],
): IngestContent {
  const type = contentTypeOf(headers);
  const jsonLength = jsonLengthOf(headers[JSON_LENGTH]);
  try {
    if (isBinaryMode(headers))
      return { kind: 'events', events: [readBinaryEvent(headers, body, jsonLength)] };
    if (EVENTS.includes(type)) return { kind: 'events', events: structuredEvents(body) };
    const read = payloadBody(type, jsonLength, body, otherTypes);
    return { kind: 'payload', message: { ...beside, body: read } };
  } catch (error) {
    throw error instanceof UnreadablePayload ? unreadable(error) : error;
  }
}

/**
 * Reads a message that brings rows and nothing else: JSON, NDJSON or CSV.
 *
 * @throws LeewayError `invalid-json`, `unsupported-media-type`
 */
export function readRows(headers: Headers, body: Uint8Array): ReadBody {
  const type = contentTypeOf(headers);
  const format = FORMATS[type];
  if (format === undefined || format === 'v2-binary')
    throw new LeewayError(
      'unsupported-media-type',
      `the content type ${JSON.stringify(type)} is not supported here; send application/json, application/x-ndjson or text/csv`,
    );
  try {
    return readBody(format, body);
  } catch (error) {
    throw error instanceof UnreadablePayload ? unreadable(error) : error;
  }
}

function contentTypeOf({ 'content-type': contentType = '' }: Headers): string {
  return String(contentType).split(';')[0]?.trim().toLowerCase() ?? '';
}

function structuredEvents(body: Uint8Array): ReadEvent[] {
  const read = readBody('json', body);
  return readStructuredEvents(read.format === 'json' ? read.value : null, MAX_EVENTS);
}

/** With a length of its JSON a body is V2's with binary tensors, whatever its content type says. */
function payloadBody(
  type: string,
  jsonLength: number | null,
  body: Uint8Array,
  otherTypes: readonly string[],
): ReadBody {
  if (jsonLength !== null) return readBody('v2-binary', body, jsonLength);
  const format = FORMATS[type];
  if (format !== undefined) return readBody(format, body);
  throw new LeewayError(
    'unsupported-media-type',
    `the content type ${JSON.stringify(type)} is not supported here; send one of ${[...Object.keys(FORMATS), ...otherTypes, ...EVENTS].join(', ')}`,
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
