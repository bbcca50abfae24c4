import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MAX_PAYLOAD_BYTES, type HeldBytes } from '#ingest';
import { isBinaryMode } from '#payloads';
import { LeewayError, messageOf } from '#platform';
import type { HeldBody } from './held-body.js';
import { readRawBody } from './raw-body.js';
import { markRoute } from './route-config.js';

/** Baselines come as streams in these forms. */
export const STREAM_TYPES = {
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/vnd.apache.parquet': 'parquet',
} as const;

const RAW = 'leewayRawBody';

/** A route that gets its body as a `HeldBody`, expanded, whatever its content type, and releases it; Parquet stays a stream. */
export const RawBody = (): MethodDecorator => markRoute({ [RAW]: true });

function wantsBytes(request: FastifyRequest): boolean {
  return (request.routeOptions.config as unknown as Readonly<Record<string, unknown>>)[RAW] === true;
}

/** Installs Leeway's body parsers in place of the framework's. */
export function installBodyParsers(fastify: FastifyInstance, heldBytes: HeldBytes): void {
  fastify.removeAllContentTypeParsers();
  fastify.addHook('onRequest', (request, _reply, done) => {
    // KServe's logger sends the content type of the call's request with every event: it says nothing of the data, and may be none.
    if (isBinaryMode(request.headers) && wantsBytes(request))
      request.headers['content-type'] = 'application/octet-stream';
    done();
  });
  fastify.addContentTypeParser(
    'application/json',
    { bodyLimit: MAX_PAYLOAD_BYTES },
    (request: FastifyRequest, stream: IncomingMessage): Promise<unknown> => {
      const body = readRawBody(request, stream, heldBytes);
      return wantsBytes(request) ? body : body.then(jsonOf);
    },
  );
  for (const type of ['text/csv', 'application/x-ndjson']) {
    fastify.addContentTypeParser(type, (request: FastifyRequest, stream: IncomingMessage) =>
      wantsBytes(request) ? readRawBody(request, stream, heldBytes) : Promise.resolve(stream),
    );
  }
  fastify.addContentTypeParser(
    'application/vnd.apache.parquet',
    (_request: FastifyRequest, stream: IncomingMessage) => Promise.resolve(stream),
  );
  fastify.addContentTypeParser('*', async (request: FastifyRequest, stream: IncomingMessage) => {
    if (wantsBytes(request)) return readRawBody(request, stream, heldBytes);
    throw new LeewayError(
      'unsupported-media-type',
      `the content type ${JSON.stringify(request.headers['content-type'] ?? 'none')} is not supported here`,
    );
  });
}

function jsonOf(body: HeldBody): unknown {
  try {
    const bytes = body.take();
    return bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new LeewayError('invalid-json', `the body is not JSON: ${messageOf(cause)}`, { cause });
  } finally {
    body.release();
  }
}
