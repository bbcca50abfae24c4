import { describe, expect, it } from '@jest/globals';
import { momentsOf } from '../profile/moments.js';
import { benjaminiHochberg } from './benjamini-hochberg.js';
import { chiSquareTest, gTest } from './contingency.js';
import { fisherTest } from './fisher.js';
import { kolmogorovTwoSampleSf } from './kolmogorov.js';
import { shareChange } from './proportions.js';
import { rankSumTest } from './rank-sum.js';
import { countsOf, type Draws, sampleOf, seededDraws } from './simulation-for-tests.js';
import { twoSampleKs } from './two-sample-ks.js';
import { welchT } from './welch.js';

const LEVEL = 0.05;
const PAIRS = 10_000;
/** Half the binomial 99.9% interval of the share of rejections: z_0.9995·√(0.05·0.95/10,000). */
const HALF_INTERVAL = 3.2905 * Math.sqrt((LEVEL * (1 - LEVEL)) / PAIRS);
const SEED = 20261123;

/** The share of pairs of samples of one distribution that a test calls different at 5%. */
function rejectedShare(pValueOfPair: (draws: Draws) => number): number {
  const draws = seededDraws(SEED);
  let rejected = 0;
  for (let i = 0; i < PAIRS; i++) if (pValueOfPair(draws) < LEVEL) rejected++;
  return rejected / PAIRS;
}

const CELLS = 200;

function uniformCells(draws: Draws, count: number, cells: number): Float64Array {
  return countsOf(count, cells, () => draws.integer(cells));
}

function normals(draws: Draws, count: number, deviation = 1): Float64Array {
  return sampleOf(count, () => draws.normal() * deviation);
}

/** The largest difference of cumulative shares. */
function largestDifference(b: Float64Array, c: Float64Array, n: number, m: number): number {
  let difference = 0;
  let largest = 0;
  for (let k = 0; k < b.length; k++) {
    difference += b[k]! / n - c[k]! / m;
    largest = Math.max(largest, Math.abs(difference));
  }
  return largest;
}

describe('at no drift, 5% of pairs have p < 0.05', () => {
  it.each<[string, (draws: Draws) => number]>([
    [
      "Welch's t, unequal variances",
      (draws) => welchT(momentsOf(normals(draws, 30)), momentsOf(normals(draws, 20, 3)))!.pValue,
    ],
    [
      'rank sum',
      (draws) => rankSumTest(uniformCells(draws, 50, CELLS), uniformCells(draws, 40, CELLS))!.pValue,
    ],
    [
      'rank sum, heavily tied',
      (draws) => rankSumTest(uniformCells(draws, 80, 4), uniformCells(draws, 70, 4))!.pValue,
    ],
    ['rank sum, clusters of 20 rows', (draws) => clusteredRankSum(draws)],
    ['χ²', (draws) => chiSquareTest(uniformCells(draws, 120, 5), uniformCells(draws, 80, 5))!.pValue],
    ['G', (draws) => gTest(uniformCells(draws, 240, 5), uniformCells(draws, 160, 5))!.pValue],
    ['χ², clusters of 20 rows', (draws) => clusteredChiSquare(draws)],
    ['the z-test of two shares', (draws) => sharesPValue(draws)],
  ])('%s', (_, pValueOfPair) => {
    expect(Math.abs(rejectedShare(pValueOfPair) - LEVEL)).toBeLessThanOrEqual(HALF_INTERVAL);
  });
});

describe('at no drift, at most 5% of pairs have p < 0.05, as p is discrete', () => {
  it.each<[string, (draws: Draws) => number]>([
    ['exact KS', (draws) => twoSampleKs(normals(draws, 25), normals(draws, 40))!.pValue],
    [
      'exact KS, ties',
      (draws) =>
        twoSampleKs(
          sampleOf(25, () => draws.integer(5)),
          sampleOf(30, () => draws.integer(5)),
        )!.pValue,
    ],
    ['asymptotic KS', (draws) => asymptoticKs(draws)],
    ["Fisher's exact test", (draws) => fisherOfRareEvents(draws)],
  ])('%s', (_, pValueOfPair) => {
    expect(rejectedShare(pValueOfPair)).toBeLessThanOrEqual(LEVEL + HALF_INTERVAL);
  });
});

describe('corrections and intervals keep their level', () => {
  it('Benjamini and Hochberg: 5% of families of 20 true null hypotheses have any rejection', () => {
    const share = rejectedShare((draws) => {
      const adjusted = benjaminiHochberg(Array.from({ length: 20 }, () => draws.uniform()));
      return Math.min(...adjusted.map((p) => p ?? 1));
    });
    expect(Math.abs(share - LEVEL)).toBeLessThanOrEqual(HALF_INTERVAL);
  });
  it("Newcombe's interval misses the difference of two shares in at most 5% of pairs", () => {
    const missed = rejectedShare((draws) => {
      const [p, q] = [draws.uniform(), draws.uniform()];
      const change = shareChange(successes(draws, 50, p), 50, successes(draws, 80, q), 80)!;
      return change.lowerBound <= q - p && q - p <= change.upperBound ? 1 : 0;
    });
    expect(missed).toBeLessThanOrEqual(LEVEL + HALF_INTERVAL);
  });
});

function successes(draws: Draws, trials: number, share: number): number {
  let count = 0;
  for (let i = 0; i < trials; i++) if (draws.uniform() < share) count++;
  return count;
}

/** The share itself is drawn too, as p is discrete at any one share. */
function sharesPValue(draws: Draws): number {
  const share = 0.2 + 0.6 * draws.uniform();
  return shareChange(successes(draws, 120, share), 120, successes(draws, 80, share), 80)!.pValue;
}

function fisherOfRareEvents(draws: Draws): number {
  return fisherTest(successes(draws, 120, 0.04), 120, successes(draws, 60, 0.04), 60);
}

function asymptoticKs(draws: Draws): number {
  const [n, m] = [90, 60];
  const [b, c] = [uniformCells(draws, n, 500), uniformCells(draws, m, 500)];
  return kolmogorovTwoSampleSf(largestDifference(b, c, n, m), n, m);
}

/** Each draw stands for 20 equal rows, and the effective sizes are the numbers of draws. */
const CLUSTER = 20;

function clusteredRankSum(draws: Draws): number {
  const [b, c] = [uniformCells(draws, 50, CELLS), uniformCells(draws, 40, CELLS)];
  return rankSumTest(
    b.map((x) => x * CLUSTER),
    c.map((x) => x * CLUSTER),
    { n: 50, m: 40 },
  )!.pValue;
}

function clusteredChiSquare(draws: Draws): number {
  const [b, c] = [uniformCells(draws, 120, 5), uniformCells(draws, 80, 5)];
  return chiSquareTest(
    b.map((x) => x * CLUSTER),
    c.map((x) => x * CLUSTER),
    { n: 120, m: 80 },
  )!.pValue;
}
