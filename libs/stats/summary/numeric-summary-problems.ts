import { nextDown } from '../grid/adjacent-double.js';
import { MAX_DISCRETE_VALUES, MAX_EDGES } from '../grid/numeric-grid.js';
import type { NumericSummary } from './profile-summary.js';

type Say = (field: string, message: string) => void;

/** Sums and moments of the same values, added up in another order or in single steps, agree to this share. */
const TOLERANCE = 1e-6;

/** Says everything that cannot be in a numeric summary. */
export function checkNumeric(summary: NumericSummary, say: Say): void {
  const { edges, counts, sums } = summary;
  if (edges.length > MAX_EDGES) say('edges', `has ${edges.length}, and at most ${MAX_EDGES} are taken`);
  if (!isIncreasing(edges)) say('edges', 'must strictly increase');
  else if (counts.length !== edges.length + 1)
    say('counts', `has ${counts.length} cells, and ${edges.length} edges make ${edges.length + 1}`);
  else if (sums.length !== counts.length)
    say('sums', `has ${sums.length} cells, and counts has ${counts.length}`);
  else {
    checkEdgeLists(summary, say);
    checkMoments(summary, say);
  }
}

function isIncreasing(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value > values[i - 1]!);
}

function checkEdgeLists({ edges, counts, decileEdges, discreteValues }: NumericSummary, say: Say): void {
  const known = new Set(edges);
  if (edges.length > 0 && (decileEdges.length < 1 || decileEdges.length > 9))
    say('decileEdges', `has ${decileEdges.length}, and must have 1 to 9`);
  if (!isIncreasing(decileEdges)) say('decileEdges', 'must strictly increase');
  const stray = decileEdges.find((edge) => !known.has(edge));
  if (stray !== undefined) say('decileEdges', `${stray} is none of the edges`);
  if (discreteValues === null) return;
  if (discreteValues.length < 1 || discreteValues.length > MAX_DISCRETE_VALUES)
    say(
      'discreteValues',
      `has ${discreteValues.length}, and must be null or have 1 to ${MAX_DISCRETE_VALUES}`,
    );
  if (!isIncreasing(discreteValues)) say('discreteValues', 'must strictly increase');
  const places = new Map(edges.map((edge, i) => [edge, i]));
  let counted = 0;
  for (const value of discreteValues) {
    const place = places.get(value);
    const below = nextDown(value);
    if (place === undefined || (below !== -Infinity && edges[place - 1] !== below))
      return say(
        'discreteValues',
        `${value} has no cell of its own: it and the double below it must be edges`,
      );
    counted += counts[place]!;
  }
  if (counted !== total(counts))
    say(
      'discreteValues',
      `their cells hold ${counted} of ${total(counts)} values; they must be all that came`,
    );
}

function checkMoments(summary: NumericSummary, say: Say): void {
  const { counts, sums, mean, m2, min, max } = summary;
  const count = total(counts);
  if (count === 0) {
    if (min !== null || max !== null) say('min', 'must be null, and max too, where no value was counted');
    return;
  }
  if (min === null || max === null || min > max)
    return say('min', 'must not be above max, and neither null where values were counted');
  checkEnds(summary, min, max, say);
  checkSums(summary, min, max, say);
  const size = sums.reduce((sum, each) => sum + Math.abs(each), 0);
  if (Math.abs(total(sums) - count * mean) > TOLERANCE * size + Number.MIN_VALUE)
    say('mean', `is ${mean}, and the sums of the cells make it ${total(sums) / count}`);
  const most = count * (max - min) ** 2 * (1 + TOLERANCE);
  if (m2 > most) say('m2', `is ${m2}, and with this range at most ${most}`);
}

function checkEnds({ edges, counts }: NumericSummary, min: number, max: number, say: Say): void {
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (!isInCell(edges, first, min)) say('min', `is ${min}, which is not in the first cell that has values`);
  if (!isInCell(edges, last, max)) say('max', `is ${max}, which is not in the last cell that has values`);
}

function isInCell(edges: readonly number[], cell: number, value: number): boolean {
  return value > (edges[cell - 1] ?? -Infinity) && value <= (edges[cell] ?? Infinity);
}

function checkSums({ edges, counts, sums }: NumericSummary, min: number, max: number, say: Say): void {
  for (let k = 0; k < counts.length; k++) {
    const [count, sum] = [counts[k]!, sums[k]!];
    const least = count === 0 ? 0 : count * Math.max(min, edges[k - 1] ?? -Infinity);
    const most = count === 0 ? 0 : count * Math.min(max, edges[k] ?? Infinity);
    const slack = TOLERANCE * Math.max(Math.abs(least), Math.abs(most));
    if (sum >= least - slack && sum <= most + slack) continue;
    return say(`sums/${k}`, `is ${sum}, and ${count} values of this cell make ${least} to ${most}`);
  }
}

export function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
