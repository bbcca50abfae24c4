import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  hellingerDistance,
  jensenShannonDistance,
  lInfinity,
  populationStabilityIndex,
  totalVariation,
} from '../distance/bin-distances.js';
import { numericSampleDistances } from '../raw/numeric-sample-distances.js';
import { benjaminiHochberg } from './benjamini-hochberg.js';
import { binomialProbability } from './binomial.js';
import { chiSquareTest, gTest } from './contingency.js';
import { fisherRise } from './fisher.js';
import { kolmogorovSf, kolmogorovTwoSampleSf } from './kolmogorov.js';
import { normalQuantile } from './normal-quantile.js';
import { wilsonInterval } from './proportions.js';
import { rankSumTest } from './rank-sum.js';
import { chiSquareSf, chiSquareUpperQuantile, normalSf, studentTwoSidedSf } from './special-functions.js';
import { twoSampleKs } from './two-sample-ks.js';

/** Below it doubles lose their digits; a difference of its size is none. */
const SMALLEST_NORMAL = 2.3e-308;
/** Relative; the rounding of an exponent of 700, 2^-53·700 = 8e-14, and of a few sums on both sides. */
const TAIL_TOLERANCE = 1e-12;
/** Of 1 − P(D < x), absolute: the rounding of the sums behind P, on both sides. */
const COMPLEMENT_ROUNDING = 40 * Number.EPSILON;
/** SciPy's own error of `fisher_exact` at a million rows, against the exact quotient of binomials: 3e-11. */
const FISHER_TOLERANCE = 1e-10;
/** SciPy's own error of `chi2.sf` at 10,000 degrees of freedom, against a sum of 60 decimal digits: 1e-11. */
const CHI_SQUARE_TOLERANCE = 2e-11;
/** Relative to a p of about 1: where n lies above 5,000, an expansion takes the place of SciPy's matrix. */
const EXPANSION_TOLERANCE = 2e-10;
const MATRIX_END = 5000;
/** Relative rounding of sums of a few thousand terms of one sign. */
const SUM_TOLERANCE = 3000 * Number.EPSILON;
/** A statistic of relative error `SUM_TOLERANCE` times its size, some 700 at most, which is the exponent of p. */
const P_TOLERANCE = 700 * SUM_TOLERANCE;
/** SciPy's G adds terms of both signs, each up to a million: its rounding, as a part of a statistic of about 10. */
const G_ROUNDING = 1e6 * 10 * Number.EPSILON;

interface Distances {
  psi: number;
  psiEpsilon: number;
  jensenShannon: number;
  hellinger: number;
  totalVariation: number;
  lInfinity: number;
}
interface BinTests {
  chi2: number;
  dof: number;
  p: number;
  g: number;
  gP: number;
}
interface Contingency extends Distances, BinTests {
  baseline: number[];
  window: number[];
}
type Rule = [multiplier: number, offset: number, modulus: number];
type Sample = Distances &
  BinTests & {
    name: string;
    edges: number[];
    bins: [number[], number[]];
    ks: number;
    ksAsymptoticP?: number;
    ksExactP?: number;
    wasserstein: number;
    wassersteinInDeviations?: number;
    superiority?: number;
    rankSumP?: number;
    t?: number;
    df?: number;
    tP?: number;
  } & ({ a: number[]; b: number[] } | { n: number; m: number; ruleA: Rule; ruleB: Rule });

interface Golden {
  kstwoSf: [n: number, x: number, sf: number][];
  chi2Sf: [x: number, df: number, sf: number][];
  chi2Isf: [tail: number, df: number, x: number][];
  tSf: [t: number, df: number, sf: number][];
  normSf: [z: number, sf: number][];
  normPpf: [p: number, z: number][];
  binomPmf: [k: number, n: number, p: number, pmf: number][];
  contingency: Contingency[];
  falseDiscovery: { p: number[]; adjusted: number[] }[];
  wilson: [x: number, n: number, confidence: number, low: number, high: number][];
  fisher: [x: number, n: number, y: number, m: number, p: number][];
  samples: Sample[];
}

const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/scipy.json', import.meta.url), 'utf8'),
) as Golden;

/** Relative to the expected value, or to `scale` where rounding is that of larger terms. */
function expectClose(
  actual: number | null | undefined,
  expected: number,
  tolerance: number,
  scale = Math.abs(expected),
): void {
  const error = Math.max(0, Math.abs((actual ?? NaN) - expected) - SMALLEST_NORMAL);
  expect({ actual, expected, isClose: error <= tolerance * scale }).toEqual({
    actual,
    expected,
    isClose: true,
  });
}

describe('SciPy gives the same', () => {
  it.each(golden.kstwoSf)('kstwo.sf at n = %d, x = %d: %d', (n, x, sf) => {
    const tolerance = n > MATRIX_END && sf > 0.5 ? EXPANSION_TOLERANCE : TAIL_TOLERANCE;
    expectClose(kolmogorovSf(n, x), sf, tolerance + COMPLEMENT_ROUNDING / sf);
  });
  it.each(golden.kstwoSf.filter(([n, x]) => n * x * x >= 4))(
    'kstwo.sf far out, at n = %d, x = %d: %d',
    (n, x, sf) => {
      expectClose(kolmogorovSf(n, x), sf, TAIL_TOLERANCE);
    },
  );
  it.each(golden.chi2Sf)('chi2.sf at x = %d, df = %d: %d', (x, df, sf) => {
    expectClose(chiSquareSf(x, df), sf, CHI_SQUARE_TOLERANCE);
  });
  it.each(golden.chi2Isf)('chi2.isf at p = %d, df = %d: %d', (tail, df, x) => {
    expectClose(chiSquareUpperQuantile(tail, df), x, TAIL_TOLERANCE);
  });
  it.each(golden.tSf)('t.sf at t = %d, df = %d: %d', (t, df, sf) => {
    expectClose(studentTwoSidedSf(t, df), 2 * sf, TAIL_TOLERANCE);
  });
  it.each(golden.normSf)('norm.sf at z = %d: %d', (z, sf) => {
    expectClose(normalSf(z), sf, TAIL_TOLERANCE);
  });
  it.each(golden.normPpf)('norm.ppf at p = %d: %d', (p, z) => {
    expectClose(normalQuantile(p), z, 8 * Number.EPSILON);
  });
  it.each(golden.binomPmf)('binom.pmf of %d of %d at share %d: %d', (k, n, p, pmf) => {
    expectClose(binomialProbability(k, n, p), pmf, TAIL_TOLERANCE);
  });
  it.each(golden.fisher)('fisher_exact, rise from %d of %d to %d of %d: %d', (x, n, y, m, p) => {
    expectClose(fisherRise(x, n, y, m), p, FISHER_TOLERANCE);
  });
  it.each(golden.wilson)('the Wilson interval of %d of %d at %d', (x, n, confidence, low, high) => {
    const [actualLow, actualHigh] = wilsonInterval(x, n, confidence);
    expectClose(actualLow, low, SUM_TOLERANCE, 1);
    expectClose(actualHigh, high, SUM_TOLERANCE, 1);
  });
  it.each(golden.falseDiscovery)('false_discovery_control of $p', ({ p, adjusted }) => {
    benjaminiHochberg(p).forEach((q, i) => {
      expectClose(q, adjusted[i]!, 4 * Number.EPSILON);
    });
  });
});

function expectBinTests(expected: BinTests & Distances, baseline: number[], window: number[]): void {
  const pearson = chiSquareTest(baseline, window)!;
  const ratio = gTest(baseline, window)!;
  expect([pearson.degreesOfFreedom, ratio.degreesOfFreedom]).toEqual([expected.dof, expected.dof]);
  // Relative, and the rounding of one expected count, which the square magnifies near 0.
  expectClose(pearson.statistic, expected.chi2, SUM_TOLERANCE, Math.max(expected.chi2, 1e-3));
  expectClose(pearson.pValue, expected.p, P_TOLERANCE);
  expectClose(ratio.statistic, expected.g, SUM_TOLERANCE + G_ROUNDING, Math.max(expected.g, 10));
  expectClose(ratio.pValue, expected.gP, P_TOLERANCE + 10 * G_ROUNDING);
  expectClose(populationStabilityIndex(baseline, window), expected.psi, SUM_TOLERANCE, 1);
  const epsilon = populationStabilityIndex(baseline, window, { smoothing: 'epsilon' });
  expectClose(epsilon, expected.psiEpsilon, SUM_TOLERANCE, 1);
  // The root of a divergence that is rounded at 1e-16.
  expectClose(jensenShannonDistance(baseline, window), expected.jensenShannon, Math.sqrt(Number.EPSILON), 1);
  expectClose(hellingerDistance(baseline, window), expected.hellinger, SUM_TOLERANCE, 1);
  expectClose(totalVariation(baseline, window), expected.totalVariation, SUM_TOLERANCE, 1);
  expectClose(lInfinity(baseline, window), expected.lInfinity, SUM_TOLERANCE, 1);
}

function ruled(n: number, [multiplier, offset, modulus]: Rule): number[] {
  return Array.from({ length: n }, (_, i) => (i * multiplier + offset) % modulus);
}

/** Counts per distinct value. */
function cellsOf(a: readonly number[], b: readonly number[]): [number[], number[]] {
  const index = new Map([...new Set([...a, ...b])].sort((x, y) => x - y).map((value, i) => [value, i]));
  const count = (values: readonly number[]): number[] => {
    const counts = new Array<number>(index.size).fill(0);
    for (const value of values) counts[index.get(value)!]!++;
    return counts;
  };
  return [count(a), count(b)];
}

describe('tables of counts', () => {
  it.each(golden.contingency)('$baseline against $window', (expected) => {
    expectBinTests(expected, expected.baseline, expected.window);
  });
});

describe('raw samples', () => {
  it.each(golden.samples.map((sample) => [sample.name, sample] as const))('%s', (_, expected) => {
    const [a, b] =
      'a' in expected
        ? [expected.a, expected.b]
        : [ruled(expected.n, expected.ruleA), ruled(expected.m, expected.ruleB)];
    const found = numericSampleDistances(a, b);
    expect(found.bins).toEqual({
      edges: expected.edges,
      baseline: expected.bins[0],
      window: expected.bins[1],
    });
    expectBinTests(expected, ...expected.bins);
    expectClose(found.wasserstein, expected.wasserstein, SUM_TOLERANCE, Math.max(1, expected.wasserstein));
    if (expected.wassersteinInDeviations !== undefined) {
      expectClose(found.wassersteinInDeviations, expected.wassersteinInDeviations, SUM_TOLERANCE, 1);
    }
    expectKs(a, b, expected);
    expectLocation(a, b, expected);
  });
});

function expectKs(a: number[], b: number[], expected: Sample): void {
  const ks = twoSampleKs(a, b)!;
  // SciPy subtracts rounded shares.
  expectClose(ks.statistic, expected.ks, 4 * Number.EPSILON, 1);
  expect(ks.method).toBe(expected.ksExactP === undefined ? 'asymptotic' : 'exact');
  if (expected.ksExactP !== undefined) expectClose(ks.pValue, expected.ksExactP, TAIL_TOLERANCE);
  if (expected.ksAsymptoticP === undefined) return;
  // ln p falls by 4·D·nm/(n+m), at most 3,000 here, times the error of D.
  const tolerance = EXPANSION_TOLERANCE + 4 * a.length * Number.EPSILON;
  expectClose(kolmogorovTwoSampleSf(expected.ks, a.length, b.length), expected.ksAsymptoticP, tolerance);
}

function expectLocation(a: number[], b: number[], expected: Sample): void {
  const { welch } = numericSampleDistances(a, b);
  if (expected.tP !== undefined) {
    const t = expected.t!;
    expectClose(welch!.statistic, t, SUM_TOLERANCE, Math.max(1, Math.abs(t)));
    expectClose(welch!.degreesOfFreedom, expected.df!, SUM_TOLERANCE);
    expectClose(welch!.pValue, expected.tP, P_TOLERANCE);
  }
  if (expected.rankSumP === undefined) return;
  const ranks = rankSumTest(...cellsOf(a, b))!;
  expectClose(ranks.probabilityOfSuperiority, expected.superiority!, SUM_TOLERANCE);
  expectClose(ranks.pValue, expected.rankSumP, P_TOLERANCE);
}
