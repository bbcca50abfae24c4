import { finished } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { LeewayError } from '#platform';
import { baselineBodySchema, type BaselineBody, type BaselineSource, type ByteStream } from '#registry';
import { STREAM_TYPES } from '../http/body-parsers.js';
import { readBody } from '../http/validation.js';

/** How long a refused upload is still read, so that its sender gets to see the answer. */
const DRAIN_TIMEOUT_MS = 10_000;

/** What a request brings: a stream of training data, or JSON that says where it comes from. */
export type BaselineRequest =
  | { readonly kind: 'stream'; readonly source: BaselineSource; readonly stream: Readable }
  | { readonly kind: 'json'; readonly body: BaselineBody };

/** @throws LeewayError `body-empty`, or `invalid-body` with the places */
export function readBaselineRequest({ headers }: FastifyRequest, body: unknown): BaselineRequest {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const kind = Object.entries(STREAM_TYPES).find(([name]) => name === type)?.[1];
  if (kind !== undefined) {
    const stream = body as Readable;
    return { kind: 'stream', source: { kind, stream: bytesOf(stream) }, stream };
  }
  if (body === undefined || body === null)
    throw new LeewayError(
      'body-empty',
      'the request has no body; send CSV, NDJSON, Parquet, or JSON such as { "rows": [...] }',
    );
  return { kind: 'json', body: readBody(baselineBodySchema, body) };
}

/** The bytes of a request. Reading may end before they do, and the request is then still there to be answered. */
async function* bytesOf(stream: Readable): ByteStream {
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch (cause) {
    throw new LeewayError(
      'upload-interrupted',
      'the connection ended in the middle of the upload; nothing was stored, send it again',
      { cause },
    );
  }
}

/** Reads what is left of a refused upload. */
export async function drain(stream: Readable): Promise<void> {
  if (stream.destroyed || stream.readableEnded) return;
  stream.resume();
  await finished(stream, { signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS) }).catch(() => undefined);
}
