import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { LeewayError, messageOf } from './errors.js';
import { createTemporaryFolder } from './temporary-folder.js';
import type { UploadShare, UploadSpace } from './upload-space.js';

/** How long one file may take to arrive: the largest at 30 Mbit/s. A sender that trickles must not keep others out for ever. */
const ARRIVAL_TIMEOUT_MS = 10 * 60_000;

/** The bytes of an upload: a request's, or those that a room reads from one. */
export type UploadStream = AsyncIterable<Uint8Array | string>;

/** An upload that is kept in a temporary file for as long as it is read. */
export class StoredUpload {
  private constructor(
    readonly path: string,
    private readonly folder: string | null,
    private readonly handle: FileHandle | null,
    private readonly share: UploadShare,
  ) {}

  /**
   * Writes a stream to a new file. On Linux the file has no name once it is open, and is read through the process's own list of open
   * files: whatever becomes of the process, nothing is left. Elsewhere it lies in a folder for temporary files until it is removed.
   *
   * A stream that is refused is not destroyed: its socket has to carry the answer.
   * @throws LeewayError `payload-too-large` and `ingest-overloaded` as the space says, the latter also when the disk is full;
   * `invalid-body` when the stream ends in the middle or takes too long
   */
  static async of(stream: UploadStream, space: UploadSpace): Promise<StoredUpload> {
    const share = space.open();
    let folder: string | null = null;
    let handle: FileHandle | null = null;
    try {
      folder = await createTemporaryFolder('parquet');
      const path = join(folder, 'upload.parquet');
      handle = await open(path, 'wx+', 0o600);
      const isNameless = process.platform === 'linux';
      if (isNameless) await removeFolder(folder);
      await storeUpload(stream, handle, share);
      return isNameless
        ? new StoredUpload(`/proc/self/fd/${handle.fd}`, null, handle, share)
        : new StoredUpload(path, folder, handle, share);
    } catch (error) {
      await handle?.close().catch(() => undefined);
      if (folder !== null) await removeFolder(folder);
      share.close();
      throw error;
    }
  }

  async remove(): Promise<void> {
    await this.handle?.close();
    if (this.folder !== null) await removeFolder(this.folder);
    this.share.close();
  }
}

function removeFolder(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true });
}

async function storeUpload(stream: UploadStream, { fd }: FileHandle, share: UploadShare): Promise<void> {
  const chunks =
    stream instanceof Readable ? stream.iterator({ destroyOnReturn: false }) : stream[Symbol.asyncIterator]();
  const file = createWriteStream('', { fd, autoClose: false });
  const written = finished(file);
  const ended = new AbortController();
  try {
    await Promise.race([copy(chunks, file, share).then(() => written), written, tooSlow(ended.signal)]);
  } catch (error) {
    file.destroy();
    // Not awaited: it waits for a chunk that may never come.
    void chunks.return?.();
    if (stream instanceof Readable) stream.resume();
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
    if (next.done === true) return null;
    const { value } = next as { value: unknown };
    return Buffer.isBuffer(value) ? value : Buffer.from(value as Uint8Array);
  } catch (cause) {
    if (cause instanceof LeewayError) throw cause;
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
