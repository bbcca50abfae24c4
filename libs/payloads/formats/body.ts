import { isStorableText } from '../cell.js';
import type { DecodedRows, DecodingContext } from '../decoding.js';
import { isRecord } from '../rejections.js';
import { decodeCsv } from './csv.js';
import { decodeJson } from './json.js';
import { jsonObjectLength, readJson, textOfBytes } from './json-text.js';
import { decodeLines } from './lines.js';
import { binaryLength, decodeV2Binary, readV2Binary, type V2BinaryBody } from './v2-binary.js';

/** How a body of inferences is written. `json` is whichever JSON form it turns out to have. */
export const BODY_FORMATS = ['json', 'ndjson', 'csv', 'v2-binary'] as const;
export type BodyFormat = (typeof BODY_FORMATS)[number];

/** A body before its rows are decoded: parsed where it is JSON, so that what it says of itself can be looked at first. */
export type ReadBody =
  | { readonly format: 'json'; readonly value: unknown }
  | { readonly format: 'ndjson' | 'csv'; readonly text: string }
  | ({ readonly format: 'v2-binary' } & V2BinaryBody);

/**
 * Reads a body in a known format. `jsonLength` is what Inference-Header-Content-Length says, where it was sent.
 *
 * @throws UnreadablePayload `not-json`
 */
export function readBody(format: BodyFormat, bytes: Uint8Array, jsonLength: number | null = null): ReadBody {
  switch (format) {
    case 'json':
      return { format, value: readJson(bytes) };
    case 'ndjson':
    case 'csv':
      return { format, text: textOfBytes(bytes) };
    case 'v2-binary': {
      if (jsonLength !== null) return { format, ...readV2Binary(bytes, jsonLength) };
      const read = sniffBody(bytes);
      return read.format === 'json' ? { format, bytes, jsonLength: bytes.length, head: read.value } : read;
    }
  }
}

/**
 * Reads a body whose content type says nothing of it, as a logger forwards it: JSON, or JSON with binary tensors behind it.
 * `jsonLength` is what Inference-Header-Content-Length says, where it was forwarded.
 *
 * @throws UnreadablePayload `not-json`, `wrong-form`
 */
export function sniffBody(bytes: Uint8Array, jsonLength: number | null = null): ReadBody {
  if (jsonLength !== null) return { format: 'v2-binary', ...readV2Binary(bytes, jsonLength) };
  const end = jsonObjectLength(bytes);
  if (end === null || end === bytes.length) return { format: 'json', value: readJson(bytes) };
  const head = readJson(bytes.subarray(0, end));
  if (binaryLength(head) === 0 && isBlank(bytes.subarray(end))) return { format: 'json', value: head };
  return { format: 'v2-binary', bytes, jsonLength: tensorStart(bytes, end, head), head };
}

/**
 * Where the tensors begin: white space may stand between them and the JSON, and they may consist of bytes that look like it, so
 * that the lengths in the JSON decide.
 */
function tensorStart(bytes: Uint8Array, end: number, head: unknown): number {
  const start = bytes.length - binaryLength(head);
  return start > end && isBlank(bytes.subarray(end, start)) ? start : end;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}

/** Decodes the rows of a body. @throws UnreadablePayload */
export function decodeBody(body: ReadBody, context: DecodingContext): DecodedRows {
  switch (body.format) {
    case 'json':
      return decodeJson(body.value, context);
    case 'ndjson':
      return decodeLines(body.text, context);
    case 'csv':
      return decodeCsv(body.text, context);
    case 'v2-binary':
      return decodeV2Binary(body, context);
  }
}

/** What a body says of itself: its idempotency key, and the id of the inference that it is about. */
export interface BodyIds {
  readonly payloadId: unknown;
  readonly inferenceId: string | null;
  readonly part: unknown;
}

/** The ids in the body. Only bodies of Leeway's own form have a `payloadId`; V2 has the `id` of its request. */
export function idsOf(body: ReadBody): BodyIds {
  const value = body.format === 'json' ? body.value : body.format === 'v2-binary' ? body.head : null;
  if (!isRecord(value)) return { payloadId: undefined, inferenceId: null, part: undefined };
  const isOwn = 'rows' in value || 'columns' in value;
  const { id } = value;
  return {
    payloadId: isOwn ? value['payloadId'] : undefined,
    part: isOwn ? value['part'] : undefined,
    inferenceId: !isOwn && typeof id === 'string' && isCallId(id) ? id : null,
  };
}

/** Longest id of a call: with a row's number behind it, it is still an inference id. */
export const MAX_CALL_ID_LENGTH = 200;

/** Whether the rows of a call can be named by its id. */
export function isCallId(id: string): boolean {
  return id.length > 0 && id.length <= MAX_CALL_ID_LENGTH && isStorableText(id);
}
