import { promisify } from 'node:util';
import { brotliDecompress, gunzip } from 'node:zlib';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { MAX_PAYLOAD_BYTES } from '#ingest';
import { LeewayError } from '#platform';

/** How long a sender may take for one body; a connection that trickles must not hold memory for ever. */
const BODY_TIMEOUT_MS = 60_000;

const EXPANDERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
} as const;

/**
 * Bytes of bodies that are held at once. Above it new bodies are told to come back, so that memory is bounded by this and not
 * by the number of senders.
 */
export class BodyBudget {
  private heldBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** @throws LeewayError `ingest-overloaded`; one body is always taken, so that none is too large for ever */
  take(bytes: number): void {
    if (this.heldBytes > 0 && this.heldBytes + bytes > this.maxBytes) {
      throw new LeewayError(
        'ingest-overloaded',
        `${this.heldBytes} bytes of other payloads are being read; send this one again later`,
        { retryAfterSeconds: 1 },
      );
    }
    this.heldBytes += bytes;
  }

  give(bytes: number): void {
    this.heldBytes -= bytes;
  }
}

/**
 * Reads a whole body into memory, expanded when it is compressed.
 *
 * @throws LeewayError `payload-too-large`, `ingest-overloaded`, `unsupported-media-type` for an unknown encoding, `invalid-body`
 * for one that cannot be expanded
 */
export async function readRawBody(
  request: FastifyRequest,
  stream: Readable,
  budget: BodyBudget,
): Promise<Buffer> {
  const given = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const encoding = given === '' ? 'identity' : given;
  if (encoding !== 'identity' && !isKnown(encoding))
    throw new LeewayError(
      'unsupported-media-type',
      `the content encoding ${JSON.stringify(encoding)} is not supported; send gzip, br or none`,
    );
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_PAYLOAD_BYTES) throw tooLarge();
  const held = new Held(budget);
  try {
    const bytes = await collect(stream, held, declared);
    return isKnown(encoding) ? await expand(bytes, encoding, held) : bytes;
  } finally {
    // Decoding is synchronous and next: from here on the decoded cells are what is counted.
    held.release();
  }
}

function isKnown(encoding: string): encoding is keyof typeof EXPANDERS {
  return Object.hasOwn(EXPANDERS, encoding);
}

/** What one body has taken of the budget. */
class Held {
  private bytes = 0;

  constructor(private readonly budget: BodyBudget) {}

  get count(): number {
    return this.bytes;
  }

  grow(to: number): void {
    if (to <= this.bytes) return;
    this.budget.take(to - this.bytes);
    this.bytes = to;
  }

  release(): void {
    this.budget.give(this.bytes);
    this.bytes = 0;
  }
}

function collect(stream: Readable, held: Held, declared: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = new GrowingBody(declared);
    const timer = setTimeout(() => fail(tooSlow()), BODY_TIMEOUT_MS);
    const settle = (): void => {
      clearTimeout(timer);
      stream.removeListener('data', onData);
      stream.removeListener('close', onClose);
    };
    const fail = (error: Error): void => {
      settle();
      stream.resume();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      const length = body.length + chunk.length;
      if (length > MAX_PAYLOAD_BYTES) return fail(tooLarge());
      tryTo(() => {
        held.grow(Math.max(length, declared));
        body.append(chunk);
      }, fail);
    };
    const onClose = (): void =>
      fail(new LeewayError('invalid-body', 'the connection ended in the middle of the body'));
    stream.on('data', onData);
    stream.once('end', () => {
      settle();
      resolve(body.bytes());
    });
    stream.once('error', fail);
    stream.once('close', onClose);
  });
}

/** A body as it arrives: one chunk as it is; of several each is copied at once, so that none of them waits in memory for the last. */
class GrowingBody {
  length = 0;
  private first: Buffer | null = null;
  private gathered: Buffer | null = null;

  constructor(private readonly declared: number) {}

  append(chunk: Buffer): void {
    if (this.first === null) this.first = chunk;
    else this.room(chunk.length).set(chunk, this.length);
    this.length += chunk.length;
  }

  bytes(): Buffer {
    return this.gathered?.subarray(0, this.length) ?? this.first ?? Buffer.alloc(0);
  }

  /** The gathered bytes with room for so many more. */
  private room(count: number): Buffer {
    const needed = this.length + count;
    const { gathered } = this;
    if (gathered !== null && gathered.length >= needed) return gathered;
    const larger = Buffer.allocUnsafe(Math.max(this.declared, needed, 2 * (gathered?.length ?? 0)));
    larger.set(this.bytes());
    return (this.gathered = larger);
  }
}

function tryTo(run: () => void, fail: (error: Error) => void): void {
  try {
    run();
  } catch (error) {
    fail(error as Error);
  }
}

async function expand(bytes: Buffer, encoding: keyof typeof EXPANDERS, held: Held): Promise<Buffer> {
  // What it expands to is not known before: the worst is counted.
  held.grow(held.count + MAX_PAYLOAD_BYTES);
  try {
    return await EXPANDERS[encoding](bytes, { maxOutputLength: MAX_PAYLOAD_BYTES });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new LeewayError('invalid-body', `the body is not ${encoding}: ${(cause as Error).message}`, {
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
