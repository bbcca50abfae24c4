/**
 * A regression tree as it is stored: whole numbers for its splits, and the values of its leaves.
 *
 * Split s is `splits[5s … 5s + 4]`: feature, last bin that goes left, 1 where missing goes left (else 0), left and right child; a child c ≥ 0 is
 * split c, one below 0 is leaf −1 − c. The root is split 0; a tree without splits is its first leaf.
 * Example: `{ splits: [2, 5, 0, -1, -2], leaves: [0.1, -0.3] }` is 0.1 where feature 2 is in bins 1 to 5, else −0.3.
 */
export interface Tree {
  readonly splits: readonly number[];
  readonly leaves: readonly number[];
}

export const SPLIT_SIZE = 5;
/** The bin of missing values; those of values begin at 1. */
export const MISSING_BIN = 0;

/** The leaf of a row, whose bins are asked for by feature. */
export function treeValue({ splits, leaves }: Tree, binOf: (feature: number) => number): number {
  let node = splits.length === 0 ? -1 : 0;
  while (node >= 0) {
    const at = node * SPLIT_SIZE;
    const bin = binOf(splits[at]!);
    const goesLeft = bin === MISSING_BIN ? splits[at + 2] === 1 : bin <= splits[at + 1]!;
    node = splits[at + (goesLeft ? 3 : 4)]!;
  }
  return leaves[-1 - node]!;
}
