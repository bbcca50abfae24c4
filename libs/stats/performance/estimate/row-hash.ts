/**
 * A whole number, 0 to 2^32 − 1, that looks random and depends on the row's place only, so that folds and held-out rows are the same
 * every time and no period of the data falls in with them. The finalizer of MurmurHash3 (Appleby).
 */
export function rowHash(row: number): number {
  let h = Math.imul(row + 1, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
