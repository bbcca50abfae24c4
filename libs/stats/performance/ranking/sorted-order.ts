/** Runs that insertion sort puts in order before they are merged. Unmeasured: 8 to 32 are usual. */
const RUN = 16;

/**
 * The indices of the first `count` keys in ascending order of their keys, equal keys in the order of their indices; no NaN among them.
 *
 * Merge sort from the bottom; n·log n, 0.2 s for 2 million keys in random order. Memory: two arrays of indices.
 */
export function sortedOrder(keys: Float64Array, count = keys.length): Uint32Array {
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let start = 0; start < count; start += RUN) sortRun(keys, order, start);
  let merged = new Uint32Array(count);
  for (let width = RUN; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) mergeRuns(keys, order, merged, start, width);
    [order, merged] = [merged, order];
  }
  return order;
}

function sortRun(keys: Float64Array, order: Uint32Array, start: number): void {
  const end = Math.min(start + RUN, order.length);
  for (let i = start + 1; i < end; i++) {
    const index = order[i]!;
    const key = keys[index]!;
    let k = i;
    for (; k > start && keys[order[k - 1]!]! > key; k--) order[k] = order[k - 1]!;
    order[k] = index;
  }
}

function mergeRuns(
  keys: Float64Array,
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  width: number,
): void {
  const middle = Math.min(start + width, from.length);
  const end = Math.min(start + 2 * width, from.length);
  let left = start;
  let right = middle;
  for (let k = start; k < end; k++) {
    const takesLeft = left < middle && (right >= end || keys[from[left]!]! <= keys[from[right]!]!);
    to[k] = takesLeft ? from[left++]! : from[right++]!;
  }
}
