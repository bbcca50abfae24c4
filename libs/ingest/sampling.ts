/**
 * A number in [0, 1) that depends on the inference id alone, the same on every node and for every half of an
 * inference: 53 bits of two 32-bit FNV-1a hashes with a murmur finalizer (FNV alone leaves the ids of a counter in
 * stripes).
 */
export function sampleRank(inferenceId: string): number {
  let high = 0x811c9dc5;
  let low = 0xc2b2ae35;
  for (let i = 0; i < inferenceId.length; i += 1) {
    const unit = inferenceId.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x85ebca6b);
  }
  return ((finalize(high) >>> 5) * 67_108_864 + (finalize(low) >>> 6)) / 9_007_199_254_740_992;
}

function finalize(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
