import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { MAX_PAYLOAD_BYTES, type HeldBytes, type HeldShare } from '#ingest';
import { LeewayError } from '#platform';
import { expanding, isCompression, type Compression } from './expanding.js';
import { GrowingBody } from './growing-body.js';
import { HeldBody } from './held-body.js';
import { readOn } from './unread-body.js';

/** How long a sender may take for one body; a connection that trickles must not hold memory for ever. */
const BODY_TIMEOUT_MS = 60_000;

/**
 * Reads a whole body into memory, expanded when it is compressed. Who gets it releases it.
 *
 * @throws LeewayError `payload-too-large`, `ingest-overloaded`, `unsupported-media-type` for an unknown encoding, `invalid-body`
 * for one that cannot be expanded
 */
export async function readRawBody(
  request: FastifyRequest,
  stream: IncomingMessage,
  heldBytes: HeldBytes,
): Promise<HeldBody> {
  const compression = compressionOf(request);
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_PAYLOAD_BYTES) throw tooLarge();
  const share = heldBytes.open();
  try {
    return new HeldBody(await new Arriving(stream, compression, declared, share).whole(), share);
  } catch (error) {
    share.release();
    throw error;
  }
}

function compressionOf({ headers }: FastifyRequest): Compression | null {
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return null;
  if (isCompression(encoding)) return encoding;
  throw new LeewayError(
    'unsupported-media-type',
    `the content encoding ${JSON.stringify(encoding)} is not supported; send gzip, br or none`,
  );
}

/** One body on its way. */
class Arriving {
  private readonly body: GrowingBody;
  private readonly expanded: Readable;

  constructor(
    private readonly stream: IncomingMessage,
    private readonly compression: Compression | null,
    declared: number,
    private readonly share: HeldShare,
  ) {
    // What a compressed body expands to is known when it is there.
    this.body = new GrowingBody(compression === null ? declared : 0);
    this.expanded = compression === null ? stream : expanding(stream, compression);
  }

  whole(): Promise<Buffer> {
    const { stream, expanded, body } = this;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail(tooSlow()), BODY_TIMEOUT_MS);
      const settle = (): void => {
        clearTimeout(timer);
        expanded.removeListener('data', onData);
        stream.removeListener('close', onClose);
      };
      const fail = (error: Error): void => {
        settle();
        if (expanded !== stream) expanded.destroy();
        stream.unpipe();
        readOn(stream);
        reject(error);
      };
      const onData = (chunk: Buffer): void => {
        try {
          this.append(chunk);
        } catch (error) {
          fail(error as Error);
        }
      };
      const onClose = (): void => {
        if (!stream.readableEnded) fail(cutOff());
      };
      expanded.on('data', onData);
      expanded.once('end', () => {
        settle();
        resolve(body.bytes());
      });
      expanded.once('error', (cause) => fail(this.unexpandable(cause)));
      if (expanded !== stream) stream.once('error', fail);
      stream.once('close', onClose);
    });
  }

  private append(chunk: Buffer): void {
    const { body, share } = this;
    if (body.length + chunk.length > MAX_PAYLOAD_BYTES) throw tooLarge();
    share.growTo(body.sizeWith(chunk.length));
    body.append(chunk);
  }

  private unexpandable(cause: Error): Error {
    if (this.compression === null) return cause;
    return new LeewayError('invalid-body', `the body is not ${this.compression}: ${cause.message}`, {
      cause,
    });
  }
}

function tooLarge(): LeewayError {
  return new LeewayError(
    'payload-too-large',
    `the body is larger than ${MAX_PAYLOAD_BYTES} bytes; send the rows in several payloads`,
  );
}

function tooSlow(): LeewayError {
  return new LeewayError('invalid-body', `the body did not arrive within ${BODY_TIMEOUT_MS / 1_000} s`);
}

function cutOff(): LeewayError {
  return new LeewayError('invalid-body', 'the connection ended in the middle of the body');
}
