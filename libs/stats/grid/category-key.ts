import { ByteWriter } from '../bytes/byte-writer.js';
import { fnv1a64 } from '../bytes/checksums.js';

/** Code units a category keeps at most. // Unmeasured: longer bounds cost memory per counter, shorter cut real labels. */
const MAX_KEY_LENGTH = 256;
const KEPT_PREFIX = MAX_KEY_LENGTH - 17;

/** The value itself up to 256 code units; a longer one becomes its start, `#` and its 64-bit hash, to bound memory. */
export function categoryKey(value: string): string {
  if (value.length <= MAX_KEY_LENGTH) return value;
  const writer = new ByteWriter();
  writer.text(value);
  return `${value.slice(0, KEPT_PREFIX)}#${fnv1a64(writer.written())}`;
}
