import {
  type BinCounts,
  hellingerDistance,
  jensenShannonDistance,
  lInfinity,
  populationStabilityIndex,
  totalVariation,
} from '../distance/bin-distances.js';
import { chiSquareTest, gTest, type HomogeneityTest } from '../significance/contingency.js';

/** Every distance and test of two histograms over the same bins; null where a side is empty. */
export interface BinComparison {
  /** In nats, half-count smoothing. */
  readonly psi: number | null;
  /** In nats, empty shares replaced by 1e-4, as other tools do. */
  readonly psiEpsilon: number | null;
  readonly jensenShannon: number | null;
  readonly hellinger: number | null;
  readonly totalVariation: number | null;
  readonly lInfinity: number | null;
  readonly chiSquare: HomogeneityTest | null;
  readonly gTest: HomogeneityTest | null;
}

/** All distances and tests of two histograms. @throws RangeError if the histograms do not have the same number of bins */
export function compareBins(baseline: BinCounts, window: BinCounts): BinComparison {
  return {
    psi: populationStabilityIndex(baseline, window),
    psiEpsilon: populationStabilityIndex(baseline, window, { smoothing: 'epsilon' }),
    jensenShannon: jensenShannonDistance(baseline, window),
    hellinger: hellingerDistance(baseline, window),
    totalVariation: totalVariation(baseline, window),
    lInfinity: lInfinity(baseline, window),
    chiSquare: chiSquareTest(baseline, window),
    gTest: gTest(baseline, window),
  };
}
