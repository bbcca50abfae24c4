import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip } from 'node:zlib';

/** Bytes that are expanded at a time. */
const CHUNK_BYTES = 64 * 1024;

const EXPANDERS = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  'x-gzip': () => createGunzip({ chunkSize: CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }),
} as const satisfies Readonly<Record<string, () => Transform>>;

export type Compression = keyof typeof EXPANDERS;

export function isCompression(encoding: string): encoding is Compression {
  return Object.hasOwn(EXPANDERS, encoding);
}

/** A compressed stream expanded as it arrives. `pipe`, since `pipeline` would destroy its source when expanding fails: its socket has to carry the answer. */
export function expanding(source: Readable, compression: Compression): Transform {
  return source.pipe(EXPANDERS[compression]());
}
