import { rowHash } from '../row-hash.js';
import { type BinnedRows, growTree } from './grow-tree.js';
import { type Tree, treeValue } from './tree.js';

/** Of one loss; more would not fit into an estimator, and early stopping seldom asks for them. */
const MAX_TREES = 100;
/** What a tree's leaves are multiplied by: a hundred trees take e^−10 off a step that one leaf sees. */
const LEARNING_RATE = 0.1;
/** Trees that may fail to improve the validation rows before growing stops. */
const PATIENCE = 15;
/** Of each tree, chosen anew: it bounds the time, and trees that differ add up to more. The last feature is always among them. */
const MAX_TREE_FEATURES = 100;

/** Rows of which losses are learned, by their use; none is in two of them. */
export interface RowParts {
  readonly training: Uint32Array;
  /** Says when to stop. */
  readonly validation: Uint32Array;
}

/**
 * Trees whose sum is the logarithm of a row's expected loss, as many as predict the validation rows best; none where the first ones do not
 * improve on 1, the mean of the losses.
 *
 * Gradient boosting of the Poisson deviance, Σ (prediction − loss·ln prediction): its predictions are means, as those of squared errors
 * are, but small losses count by their ratio to the prediction, and the few large ones do not drown them. Deterministic.
 */
export function boostedTrees(
  data: BinnedRows,
  losses: Float64Array,
  { training, validation }: RowParts,
): Tree[] {
  const logs = new Float64Array(losses.length);
  const trees: Tree[] = [];
  let [bestCount, bestDeviance] = [0, devianceOf(losses, logs, validation)];
  while (trees.length < MAX_TREES && trees.length < bestCount + PATIENCE) {
    const features = treeFeatures(data.bins.length, trees.length);
    const weights = logs.map(Math.exp);
    const gradients = losses.map((loss, row) => loss - weights[row]!);
    const tree = growTree(
      data,
      { gradients, weights },
      { rows: training, features, learningRate: LEARNING_RATE },
    );
    if (tree.splits.length === 0) break;
    trees.push(tree);
    for (const rows of [training, validation]) addTree(logs, { data, tree, rows });
    const deviance = devianceOf(losses, logs, validation);
    if (deviance < bestDeviance) [bestCount, bestDeviance] = [trees.length, deviance];
  }
  return trees.slice(0, bestCount);
}

/** The features of one tree, in their order: those with the smallest hashes of tree and feature, and the last, the prediction. */
function treeFeatures(featureCount: number, tree: number): number[] {
  const all = Array.from({ length: featureCount }, (_, feature) => feature);
  if (featureCount <= MAX_TREE_FEATURES) return all;
  const places = all
    .slice(0, -1)
    .map((feature) => ({ feature, hash: rowHash(feature * (MAX_TREES + 1) + tree) }));
  const chosen = places.sort((a, b) => a.hash - b.hash).slice(0, MAX_TREE_FEATURES - 1);
  return [...chosen.map(({ feature }) => feature).sort((a, b) => a - b), featureCount - 1];
}

function addTree(
  logs: Float64Array,
  { data, tree, rows }: { readonly data: BinnedRows; readonly tree: Tree; readonly rows: Uint32Array },
): void {
  let row = 0;
  const binOf = (feature: number): number => data.bins[feature]![row]!;
  for (row of rows) logs[row]! += treeValue(tree, binOf);
}

function devianceOf(losses: Float64Array, logs: Float64Array, rows: Uint32Array): number {
  let sum = 0;
  for (const row of rows) sum += Math.exp(logs[row]!) - losses[row]! * logs[row]!;
  return sum;
}
