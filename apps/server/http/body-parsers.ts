import type { FastifyInstance } from 'fastify';
import { LeewayError, messageOf } from '#platform';

/** JSON bodies: 10,000 rows of 30 columns are about 8 MB. Larger data belongs into several payloads, or a baseline stream. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;

/** Baselines come as streams in these forms. */
export const STREAM_TYPES = {
  'text/csv': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/vnd.apache.parquet': 'parquet',
} as const;

/** Installs Leeway's body parsers in place of the framework's. */
export function installBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: MAX_JSON_BYTES },
    (_request, body, done) => {
      if (body.length === 0) {
        done(null, undefined);
        return;
      }
      try {
        done(null, JSON.parse(body as string));
      } catch (cause) {
        done(new LeewayError('invalid-json', `the body is not JSON: ${messageOf(cause)}`, { cause }));
      }
    },
  );
  for (const type of Object.keys(STREAM_TYPES)) {
    fastify.addContentTypeParser(type, (_request, stream, done) => done(null, stream));
  }
}
