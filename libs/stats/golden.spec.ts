import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { driftBetween, numericColumn } from './columns-for-tests.js';
import {
  buildGrid,
  chiSquareTest,
  gTest,
  hellingerDistance,
  jensenShannonDistance,
  kolmogorovTwoSampleSf,
  lInfinity,
  populationStabilityIndex,
  totalVariation,
  twoSampleKs,
  wasserstein1,
  welchT,
} from './index.js';
import { momentsOf } from './profile/moments.js';

/** SciPy's own rounding of sums and tails; the design asks for 1e-9. */
const GOLDEN_TOLERANCE = 1e-9;
/** Cells of a full grid hold at most about 1/940 of the baseline (statistics.md). */
const KS_INTERVAL_WIDTH = 0.002;
/** `performance.md`, 3: worst relative error of Wasserstein from cells over 18 cases, doubled for small samples. */
const CELL_WASSERSTEIN_TOLERANCE = 0.02;

interface NumericCase {
  name: string;
  n: number;
  m: number;
  edges: number[];
  baselineCounts: number[];
  windowCounts: number[];
  psiSmoothed: number;
  psiEpsilon: number;
  jensenShannonDistanceBase2: number;
  hellinger: number;
  totalVariation: number;
  lInfinity: number;
  ksStatistic: number;
  ksPValueAsymptotic: number;
  ksPValueExact: number;
  wasserstein: number;
  baselineStd: number;
  welchT?: number;
  welchPValue?: number;
  baseline: number[];
  window: number[];
}
interface CategoricalCase {
  name: string;
  baselineCounts: number[];
  windowCounts: number[];
  psiSmoothed: number;
  psiEpsilon: number;
  jensenShannonDistanceBase2: number;
  totalVariation: number;
  lInfinity: number;
  chi2: number;
  chi2PValue: number;
  dof: number;
  g: number;
  gPValue: number;
  cramersV: number;
}

/** A mean of size μ is known to an ulp, ε·abs(μ), which t divides by the standard error. */
function welchTolerance({ baseline, window, welchT: t = 0 }: NumericCase): number {
  const [a, b] = [momentsOf(Float64Array.from(baseline)).mean, momentsOf(Float64Array.from(window)).mean];
  const standardError = Math.abs((a - b) / t);
  return (
    GOLDEN_TOLERANCE * Math.abs(t) + (2 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b))) / standardError
  );
}

function goldenCases<T>(file: string): T[] {
  const url = new URL(`../../test/golden/${file}`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { cases: T[] }).cases;
}

/** Relative to the expected value, absolute at 1e-9 of the quantity's scale. */
function expectGolden(actual: number | null | undefined, expected: number, scale = Math.abs(expected)): void {
  expect(Math.abs((actual ?? NaN) - expected)).toBeLessThanOrEqual(
    GOLDEN_TOLERANCE * Math.max(scale, Number.MIN_VALUE),
  );
}

describe('numeric golden values', () => {
  it.each(goldenCases<NumericCase>('numeric.json').map((c) => [c.name, c] as const))(
    '%s: compared through the grid',
    (_, golden) => {
      const drift = driftBetween(numericColumn(golden.baseline), numericColumn(golden.window));
      expect(drift.bins.baseline).toEqual(golden.baselineCounts);
      expect(drift.bins.window).toEqual(golden.windowCounts);
      const grid = buildGrid([numericColumn(golden.baseline)]).columns[0]!.grid;
      expect(grid.kind === 'numeric' && [...grid.decileEdges]).toEqual(golden.edges);
      expectGolden(drift.psi, golden.psiSmoothed, 1);
      expectGolden(drift.jensenShannon, golden.jensenShannonDistanceBase2, 1);
      expectGolden(drift.hellinger, golden.hellinger, 1);
      expectGolden(drift.totalVariation, golden.totalVariation, 1);
      expectGolden(drift.lInfinity, golden.lInfinity, 1);
      expect(drift.ks!).toBeLessThanOrEqual(golden.ksStatistic + Number.EPSILON);
      expect(drift.ksUpperBound!).toBeGreaterThanOrEqual(golden.ksStatistic - Number.EPSILON);
      expect(drift.ksUpperBound! - drift.ks!).toBeLessThanOrEqual(KS_INTERVAL_WIDTH);
      expect(Math.abs(drift.wasserstein! - golden.wasserstein)).toBeLessThanOrEqual(
        CELL_WASSERSTEIN_TOLERANCE * golden.wasserstein,
      );
      if (golden.welchT === undefined) return;
      expect(Math.abs(drift.welch!.statistic - golden.welchT)).toBeLessThanOrEqual(welchTolerance(golden));
    },
  );

  it.each(goldenCases<NumericCase>('numeric.json').map((c) => [c.name, c] as const))(
    '%s: pure functions',
    (_, golden) => {
      const { baselineCounts, windowCounts, n, m } = golden;
      expectGolden(
        populationStabilityIndex(baselineCounts, windowCounts, { smoothing: 'epsilon' }),
        golden.psiEpsilon,
        1,
      );
      const ks = twoSampleKs(golden.baseline, golden.window)!;
      expectGolden(ks.statistic, golden.ksStatistic, 1);
      expect(ks.method).toBe('exact');
      expectGolden(ks.pValue, golden.ksPValueExact);
      expectGolden(kolmogorovTwoSampleSf(golden.ksStatistic, n, m), golden.ksPValueAsymptotic);
      expectGolden(wasserstein1(golden.baseline, golden.window), golden.wasserstein);
      const moments = momentsOf(Float64Array.from(golden.baseline));
      expectGolden(Math.sqrt(moments.m2 / moments.count), golden.baselineStd);
      if (golden.welchT === undefined) return;
      const welch = welchT(moments, momentsOf(Float64Array.from(golden.window)))!;
      expect(Math.abs(welch.statistic - golden.welchT)).toBeLessThanOrEqual(welchTolerance(golden));
      // The logarithm of p changes with t at most at rate abs(t) + 1.
      const relative = GOLDEN_TOLERANCE + welchTolerance(golden) * (Math.abs(golden.welchT) + 1);
      expect(Math.abs(welch.pValue - golden.welchPValue!)).toBeLessThanOrEqual(
        relative * golden.welchPValue!,
      );
    },
  );
});

describe('categorical golden values', () => {
  it.each(goldenCases<CategoricalCase>('categorical.json').map((c) => [c.name, c] as const))(
    '%s',
    (_, golden) => {
      const { baselineCounts: b, windowCounts: c } = golden;
      expectGolden(populationStabilityIndex(b, c), golden.psiSmoothed, 1);
      expectGolden(populationStabilityIndex(b, c, { smoothing: 'epsilon' }), golden.psiEpsilon, 1);
      expectGolden(jensenShannonDistance(b, c), golden.jensenShannonDistanceBase2, 1);
      expectGolden(totalVariation(b, c), golden.totalVariation, 1);
      expectGolden(lInfinity(b, c), golden.lInfinity, 1);
      expect(hellingerDistance(b, c)).toBeGreaterThanOrEqual(0);
      const chiSquare = chiSquareTest(b, c)!;
      expectGolden(chiSquare.statistic, golden.chi2);
      expect(chiSquare.degreesOfFreedom).toBe(golden.dof);
      expectGolden(chiSquare.pValue, golden.chi2PValue);
      expectGolden(chiSquare.cramersV, golden.cramersV);
      const g = gTest(b, c)!;
      expectGolden(g.statistic, golden.g);
      expectGolden(g.pValue, golden.gPValue);
    },
  );
});
