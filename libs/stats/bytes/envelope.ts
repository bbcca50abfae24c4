import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import { crc32 } from './checksums.js';
import { StatsFormatError } from './stats-format-error.js';

/** What an envelope may hold, with the byte that says so. */
export const CONTENT_TYPES = { grid: 1, profile: 2 } as const;
export type ContentType = keyof typeof CONTENT_TYPES;

/** What is written. Raise one when a reader of the previous version would misread the bytes; all older ones are read. */
const FORMAT_VERSIONS: Readonly<Record<ContentType, number>> = { grid: 1, profile: 2 };
const CHECKSUM_BYTES = 4;

/** The body in its stored form: version byte, type byte, body, CRC-32 of all before it. `expectedBytes` saves copies. */
export function sealed(
  type: ContentType,
  writeBody: (writer: ByteWriter) => void,
  expectedBytes?: number,
): Uint8Array {
  const writer = new ByteWriter(expectedBytes);
  writer.byte(FORMAT_VERSIONS[type]);
  writer.byte(CONTENT_TYPES[type]);
  writeBody(writer);
  writer.uint32(crc32(writer.written()));
  return writer.written();
}

/**
 * The body that `sealed` stored in this version or an older one, read by `readBody`, which must consume all of it.
 * @throws StatsFormatError if the version is newer or the type another one, the checksum differs, or bytes are missing or left over
 */
export function unsealed<T>(
  type: ContentType,
  bytes: Uint8Array,
  readBody: (reader: ByteReader, version: number) => T,
): T {
  if (bytes.length < 2 + CHECKSUM_BYTES)
    throw new StatsFormatError(`${bytes.length} bytes are too few for a ${type}`);
  const version = bytes[0]!;
  if (version < 1 || version > FORMAT_VERSIONS[type])
    throw new StatsFormatError(
      `format version ${version} of a ${type} is not known, only 1 to ${FORMAT_VERSIONS[type]}; it may be of a newer release`,
    );
  if (bytes[1] !== CONTENT_TYPES[type])
    throw new StatsFormatError(`content type ${bytes[1]} is not a ${type}`);
  const checked = bytes.subarray(0, bytes.length - CHECKSUM_BYTES);
  const stored = new ByteReader(bytes.subarray(checked.length)).uint32();
  if (crc32(checked) !== stored)
    throw new StatsFormatError(`the checksum of this ${type} does not match its bytes`);
  const reader = new ByteReader(checked.subarray(2));
  const body = readBody(reader, version);
  if (reader.remaining > 0) throw new StatsFormatError(`${reader.remaining} bytes are left over`);
  return body;
}
