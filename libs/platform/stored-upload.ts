import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { LeewayError, messageOf } from './errors.js';
import type { UploadShare } from './upload-space.js';

/** How long one file may take to arrive: the largest at 30 Mbit/s. A sender that trickles must not keep others out for ever. */
const ARRIVAL_TIMEOUT_MS = 10 * 60_000;

/**
 * Writes a stream to a new file.
 *
 * A stream that is refused is not destroyed: its socket has to carry the answer.
 * @throws LeewayError `payload-too-large` and `ingest-overloaded` as the share says, the latter also when the disk is full;
 * `invalid-body` when the stream ends in the middle or takes too long
 */
export async function storeUpload(stream: Readable, path: string, share: UploadShare): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  const ended = new AbortController();
  const tooSlow = sleep(ARRIVAL_TIMEOUT_MS, TOO_SLOW, { signal: ended.signal, ref: false });
  tooSlow.catch(() => undefined);
  const chunks = stream.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await Promise.race([nextOf(chunks), tooSlow]);
      if (next === TOO_SLOW)
        throw new LeewayError(
          'invalid-body',
          `the file did not arrive within ${ARRIVAL_TIMEOUT_MS / 1_000} s`,
        );
      if (next === null) return;
      share.grow(next.length);
      await file.appendFile(next);
    }
  } catch (error) {
    // Not awaited: it waits for a chunk that may never come.
    void chunks.return?.();
    stream.resume();
    throw (error as { code?: unknown }).code === 'ENOSPC' ? diskFull(error) : error;
  } finally {
    ended.abort();
    await file.close();
  }
}

const TOO_SLOW = Symbol('too slow');

async function nextOf(chunks: AsyncIterator<unknown>): Promise<Buffer | null> {
  try {
    const next = await chunks.next();
    return next.done === true ? null : (next.value as Buffer);
  } catch (cause) {
    throw new LeewayError(
      'invalid-body',
      `the connection ended in the middle of the file: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function diskFull(cause: unknown): LeewayError {
  return new LeewayError(
    'ingest-overloaded',
    'the disk for temporary files is full; send this file again later',
    {
      retryAfterSeconds: 60,
      cause,
    },
  );
}
