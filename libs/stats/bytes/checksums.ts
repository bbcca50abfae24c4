/** Bytes taken at a time. */
const SLICES = 8;

/** What a byte amounts to when 0, 1, … 7 bytes follow it: 256 entries for each. */
const CRC_TABLES = crcTables();

function crcTables(): Int32Array {
  const tables = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const previous = tables[i - 256]!;
    tables[i] = (previous >>> 8) ^ tables[previous & 0xff]!;
  }
  return tables;
}

/**
 * CRC-32 of the bytes (polynomial 0xEDB88320, as in zlib and PNG): detects any single burst of damage up to 32 bits.
 *
 * Eight bytes a turn, whose table entries do not wait for each other: four times as fast as one byte a turn.
 * Source: Kounavis and Berry 2005, "slicing-by-8".
 */
export function crc32(bytes: Uint8Array): number {
  const tables = CRC_TABLES;
  const last = bytes.length - SLICES + 1;
  let crc = -1;
  let i = 0;
  for (; i < last; i += SLICES) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      tables[1792 + (crc & 0xff)]! ^
      tables[1536 + ((crc >>> 8) & 0xff)]! ^
      tables[1280 + ((crc >>> 16) & 0xff)]! ^
      tables[1024 + (crc >>> 24)]! ^
      tables[768 + bytes[i + 4]!]! ^
      tables[512 + bytes[i + 5]!]! ^
      tables[256 + bytes[i + 6]!]! ^
      tables[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

const FNV_OFFSET_HIGH = 0xcbf29ce4;
const FNV_OFFSET_LOW = 0x84222325;
const TWO_32 = 2 ** 32;

/**
 * FNV-1a hash of the bytes, 64 bits, as 16 lower-case hex digits.
 *
 * Two different contents collide by chance with probability 2^-64; it does not resist an adversary.
 * The prime is 2^40 + 0x1b3, multiplied in two 32-bit limbs because BigInt is some 50 times slower.
 * Source: Fowler, Noll and Vo, RFC 9923.
 */
export function fnv1a64(bytes: Uint8Array): string {
  let high = FNV_OFFSET_HIGH;
  let low = FNV_OFFSET_LOW;
  for (let i = 0; i < bytes.length; i++) {
    low = (low ^ bytes[i]!) >>> 0;
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / TWO_32) + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
