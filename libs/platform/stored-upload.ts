import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
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
  const chunks = stream.iterator({ destroyOnReturn: false });
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  const written = finished(file);
  const ended = new AbortController();
  try {
    await Promise.race([copy(chunks, file, share).then(() => written), written, tooSlow(ended.signal)]);
  } catch (error) {
    file.destroy();
    // Not awaited: it waits for a chunk that may never come.
    void chunks.return?.();
    stream.resume();
    await written.catch(() => undefined);
    throw (error as { code?: unknown }).code === 'ENOSPC' ? diskFull(error) : error;
  } finally {
    ended.abort();
  }
}

async function copy(chunks: AsyncIterator<unknown>, file: WriteStream, share: UploadShare): Promise<void> {
  for (;;) {
    const chunk = await nextOf(chunks);
    if (chunk === null || file.destroyed) break;
    share.grow(chunk.length);
    if (!file.write(chunk)) await once(file, 'drain');
  }
  file.end();
}

/** Fails when the time is over. */
async function tooSlow(signal: AbortSignal): Promise<void> {
  const isOver = await sleep(ARRIVAL_TIMEOUT_MS, true, { signal, ref: false }).catch(() => false);
  if (isOver)
    throw new LeewayError('invalid-body', `the file did not arrive within ${ARRIVAL_TIMEOUT_MS / 1_000} s`);
}

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
