import type { Feature } from './features.js';
import { SPLIT_SIZE, type Tree } from './tree.js';

/** Features with the trees that ask for them. */
export interface FeaturesAndTrees {
  readonly features: readonly Feature[];
  /** Of each model. */
  readonly trees: readonly (readonly Tree[])[];
}

/** Only the features and the edges that occur in a split, renumbered; the trees' values are the same in every row. */
export function keptFeatures({ features, trees }: FeaturesAndTrees): FeaturesAndTrees {
  const binsByFeature = usedBins(trees.flat());
  const places = [...binsByFeature.keys()].sort((a, b) => a - b);
  const renumbered = new Map(
    places.map((feature, place) => [
      feature,
      renumber(features[feature]!, place, binsByFeature.get(feature)!),
    ]),
  );
  const kept = places.map((feature) => renumbered.get(feature)!.feature);
  return {
    features: kept,
    trees: trees.map((model) => model.map((tree) => renumberedTree(tree, renumbered))),
  };
}

/** The bins that splits end at, ascending, by feature. */
function usedBins(trees: readonly Tree[]): Map<number, number[]> {
  const used = new Map<number, Set<number>>();
  for (const { splits } of trees) {
    for (let at = 0; at < splits.length; at += SPLIT_SIZE) {
      const bins = used.get(splits[at]!) ?? new Set();
      used.set(splits[at]!, bins.add(splits[at + 1]!));
    }
  }
  return new Map([...used].map(([feature, bins]) => [feature, [...bins].sort((a, b) => a - b)]));
}

interface Renumbered {
  readonly place: number;
  readonly feature: Feature;
  readonly binOf: ReadonlyMap<number, number>;
}

/** Bin b of values ends at edge b − 1. Categories keep their bins: their hashes are one list. */
function renumber(feature: Feature, place: number, bins: readonly number[]): Renumbered {
  if (feature.kind === 'categorical')
    return { place, feature, binOf: new Map(bins.map((bin) => [bin, bin])) };
  // A split at the last bin of values parts them from the missing ones, and has no edge.
  const withEdge = bins.filter((bin) => bin <= feature.edges.length);
  const edges = withEdge.map((bin) => feature.edges[bin - 1]!);
  return {
    place,
    feature: { ...feature, edges },
    binOf: new Map(bins.map((bin, k) => [bin, k + 1])),
  };
}

function renumberedTree({ splits, leaves }: Tree, renumbered: ReadonlyMap<number, Renumbered>): Tree {
  const changed = [...splits];
  for (let at = 0; at < splits.length; at += SPLIT_SIZE) {
    const { place, binOf } = renumbered.get(splits[at]!)!;
    changed[at] = place;
    changed[at + 1] = binOf.get(splits[at + 1]!)!;
  }
  return { splits: changed, leaves };
}
