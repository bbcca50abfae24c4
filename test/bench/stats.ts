import {
  buildGrid,
  compareProfiles,
  emptyProfile,
  foldColumns,
  twoSampleKs,
  type NamedColumn,
  type NumericGrid,
} from '#stats';
import { seededRandom } from '../../apps/demo/seeded-random.js';
import { medianNs, report } from './report.js';

const BASELINE_ROWS = 1_000_000;
const WINDOW_ROWS = 100_000;

const random = seededRandom(1);
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const column = (count: number, shift: number): NamedColumn => ({
  name: 'x',
  values: {
    kind: 'numeric',
    values: Float64Array.from({ length: count }, () => normal() + shift),
    invalidCount: 0,
  },
});

const baselineColumn = column(BASELINE_ROWS, 0);
const windowColumn = column(WINDOW_ROWS, 0.02);
const grid = buildGrid([baselineColumn]);
const edges = (grid.columns[0]?.grid as NumericGrid).edges;
const values = windowColumn.values.values as Float64Array;

/** What one would write first: a binary search per value. */
function binarySearchCounts(): Uint32Array {
  const counts = new Uint32Array(edges.length + 1);
  for (const value of values) {
    let low = 0;
    let high = edges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((edges[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    counts[low] = (counts[low] ?? 0) + 1;
  }
  return counts;
}

function fold(): void {
  foldColumns(emptyProfile(grid), WINDOW_ROWS, [windowColumn]);
}

const baseline = emptyProfile(grid);
foldColumns(baseline, BASELINE_ROWS, [baselineColumn]);
const window = emptyProfile(grid);
foldColumns(window, WINDOW_ROWS, [windowColumn]);

const foldNs = await medianNs(fold);
const searchNs = await medianNs(binarySearchCounts);
const rawNs = await medianNs(() => twoSampleKs(baselineColumn.values.values as Float64Array, values), {
  runs: 3,
  warmups: 1,
});
const countsNs = await medianNs(() => {
  fold();
  compareProfiles(baseline, window);
});

report('stats', [
  {
    name: `fold ${WINDOW_ROWS} values on ${edges.length} edges, with sums and moments`,
    unit: 'ns/value',
    ours: foldNs / WINDOW_ROWS,
    peer: searchNs / WINDOW_ROWS,
    peerName: 'binary search, counts only',
    ratio: searchNs / foldNs,
    target: 2,
  },
  {
    name: `all scores of ${WINDOW_ROWS} values against ${BASELINE_ROWS}`,
    unit: 'ms',
    ours: countsNs / 1e6,
    peer: rawNs / 1e6,
    peerName: 'exact two-sample KS alone, by sorting',
    ratio: rawNs / countsNs,
    target: 10,
  },
]);
