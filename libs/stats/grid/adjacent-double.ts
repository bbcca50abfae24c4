const FLOAT = new Float64Array(1);
const BITS = new BigInt64Array(FLOAT.buffer);

/** The largest double below `x`; −Infinity for −Number.MAX_VALUE. `x` must be finite; −0 and 0 are one value. */
export function nextDown(x: number): number {
  if (x === 0) return -Number.MIN_VALUE;
  FLOAT[0] = x;
  BITS[0] = BITS[0]! + (x > 0 ? -1n : 1n);
  return FLOAT[0];
}
