import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MAX_PAYLOAD_BYTES } from '#ingest';
import { isBinaryMode } from '#payloads';
import { LeewayError, messageOf } from '#platform';
import { readRawBody, type BodyBudget } from './raw-body.js';
import { markRoute } from './route-config.js';

/** Baselines come as streams in these forms. */
export const STREAM_TYPES = {
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/vnd.apache.parquet': 'parquet',
} as const;

const RAW = 'leewayRawBody';

/** A route that gets its body as bytes, expanded, whatever their content type; Parquet stays a stream. */
export const RawBody = (): MethodDecorator => markRoute({ [RAW]: true });

function wantsBytes(request: FastifyRequest): boolean {
  return (request.routeOptions.config as unknown as Readonly<Record<string, unknown>>)[RAW] === true;
}

/** Installs Leeway's body parsers in place of the framework's. */
export function installBodyParsers(fastify: FastifyInstance, budget: BodyBudget): void {
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
    async (request: FastifyRequest, stream: IncomingMessage) => {
      const bytes = await readRawBody(request, stream, budget);
      if (wantsBytes(request)) return bytes;
      return bytes.length === 0 ? undefined : parseJson(bytes);
    },
  );
  for (const type of ['text/csv', 'application/x-ndjson']) {
    fastify.addContentTypeParser(type, (request: FastifyRequest, stream: IncomingMessage) =>
      wantsBytes(request) ? readRawBody(request, stream, budget) : Promise.resolve(stream),
    );
  }
  fastify.addContentTypeParser(
    'application/vnd.apache.parquet',
    (_request: FastifyRequest, stream: IncomingMessage) => Promise.resolve(stream),
  );
  fastify.addContentTypeParser('*', async (request: FastifyRequest, stream: IncomingMessage) => {
    if (wantsBytes(request)) return readRawBody(request, stream, budget);
    throw new LeewayError(
      'unsupported-media-type',
      `the content type ${JSON.stringify(request.headers['content-type'] ?? 'none')} is not supported here`,
    );
  });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new LeewayError('invalid-json', `the body is not JSON: ${messageOf(cause)}`, { cause });
  }
}
