import type { ColumnValues, NamedColumn } from '../../../columns.js';
import { sortedFinite } from '../../../grid/radix-sort.js';
import { checkLength } from '../../checked-batch.js';
import { MAX_BINS } from './grow-tree.js';
import { MISSING_BIN } from './tree.js';

/** Categories that a feature tells apart; more would seldom have enough rows, and their hashes are stored. */
const MAX_CATEGORIES = 30;
/** Stands among the hashes for all other categories. */
const OTHER = -1;
/** Rows of the mean loss that a category's own mean is drawn by, before categories are ordered. */
const PRIOR_ROWS = 20;

/**
 * How the cells of one feature become bins; 0 is missing.
 *
 * Numeric, and the prediction: 1 + the number of edges strictly below the value. Categorical: 1 + the place of the category's hash, in
 * ascending order of the mean loss of its rows; rare and unseen categories share the place of −1.
 */
export type Feature =
  | { readonly kind: 'numeric'; readonly name: string; readonly edges: readonly number[] }
  | { readonly kind: 'prediction'; readonly edges: readonly number[] }
  | { readonly kind: 'categorical'; readonly name: string; readonly hashes: readonly number[] };

/** Rows of a batch in columns, found by the names of features. */
export interface FeatureRows {
  readonly features: readonly NamedColumn[];
  readonly predicted: Float64Array;
}

/** @throws RangeError if a column's length is not the number of rows */
export function checkFeatureRows({ features, predicted }: FeatureRows): void {
  for (const { name, values } of features) checkLength(name, values.values.length, predicted.length);
}

/** Edges at quantiles of the finite values, without repetitions and without the maximum, so that no bin is empty. */
export function quantileEdges(values: Float64Array): number[] {
  const sorted = sortedFinite(values);
  const edges: number[] = [];
  const binCount = MAX_BINS - 1;
  for (let k = 1; k < binCount; k++) {
    const edge = sorted[Math.ceil((k * sorted.length) / binCount) - 1];
    if (edge !== undefined && edge > (edges.at(-1) ?? -Infinity) && edge < sorted.at(-1)!)
      edges.push(edge + 0);
  }
  return edges;
}

/** A feature from the baseline's column and the losses of its rows; null for a text column, which has none. */
export function featureOf({ name, values }: NamedColumn, losses: Float64Array): Feature | null {
  if (values.kind === 'text') return null;
  if (values.kind === 'numeric') return { kind: 'numeric', name, edges: quantileEdges(values.values) };
  return { kind: 'categorical', name, hashes: orderedHashes(values.values, losses) };
}

interface CategoryLoss {
  readonly hash: number;
  count: number;
  sum: number;
}

function orderedHashes(values: readonly (string | null)[], losses: Float64Array): number[] {
  const byHash = new Map<number, CategoryLoss>();
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    const hash = hashOf(value);
    const category = byHash.get(hash) ?? { hash, count: 0, sum: 0 };
    category.count++;
    category.sum += losses[i]!;
    byHash.set(hash, category);
  }
  const frequent = [...byHash.values()].sort((a, b) => b.count - a.count || a.hash - b.hash);
  const rest = frequent.splice(MAX_CATEGORIES);
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / Math.max(1, losses.length);
  const other = rest.reduce(
    (all, { count, sum }) => ({ ...all, count: all.count + count, sum: all.sum + sum }),
    { hash: OTHER, count: 0, sum: 0 },
  );
  const meanOf = ({ count, sum }: CategoryLoss): number => (sum + PRIOR_ROWS * mean) / (count + PRIOR_ROWS);
  return [...frequent, other]
    .sort((a, b) => meanOf(a) - meanOf(b) || a.hash - b.hash)
    .map(({ hash }) => hash);
}

/** FNV-1a over the UTF-16 code units, 32 bits; two categories of one hash count as one. */
export function hashOf(category: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < category.length; i++) hash = Math.imul(hash ^ category.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The bins of a feature in all rows; a column that is absent or of another kind is missing in all. */
export function binsOf(feature: Feature, { features, predicted }: FeatureRows): Uint8Array {
  if (feature.kind === 'prediction') return numericBins(feature.edges, predicted);
  const column = features.find(({ name }) => name === feature.name)?.values;
  if (column?.kind !== feature.kind) return new Uint8Array(predicted.length);
  return column.kind === 'numeric'
    ? numericBins((feature as Feature & { kind: 'numeric' }).edges, column.values)
    : categoricalBins((feature as Feature & { kind: 'categorical' }).hashes, column);
}

function numericBins(edges: readonly number[], values: Float64Array): Uint8Array {
  const ascending = Float64Array.from(edges);
  const bins = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    bins[i] = Number.isFinite(x) ? 1 + edgesBelow(ascending, x) : MISSING_BIN;
  }
  return bins;
}

function edgesBelow(edges: Float64Array, x: number): number {
  let [low, high] = [0, edges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function categoricalBins(
  hashes: readonly number[],
  { values }: ColumnValues & { readonly kind: 'categorical' },
): Uint8Array {
  const places = new Map(hashes.map((hash, place) => [hash, place + 1]));
  const other = places.get(OTHER) ?? MISSING_BIN;
  return Uint8Array.from(values, (value) =>
    value === null ? MISSING_BIN : (places.get(hashOf(value)) ?? other),
  );
}
