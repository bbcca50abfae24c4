import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  benjaminiHochberg,
  chiSquareQuantile,
  chiSquareSf,
  chiSquareUpperQuantile,
  fisherRise,
  fisherTest,
  kolmogorovSf,
  kolmogorovTwoSampleSf,
  ksNoiseFloor,
  normalQuantile,
  normalSf,
  normalTwoSidedSf,
  psiNoiseFloor,
  shareChange,
  studentTwoSidedSf,
  wilsonInterval,
} from '../index.js';

const RUNS = { numRuns: 1000 };

/** Any double, the odd ones often. */
const odd = fc.oneof(
  fc.double(),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 5e-324, 1e-300, 1e-20, 0.05, 0.5, 1, 2, 1000),
  fc.constantFrom(1e9, 1e18, 1e150, 1e300, Number.MAX_VALUE, 2 ** 53),
);

const FUNCTIONS: readonly (readonly [string, (a: number, b: number, c: number, d: number) => unknown])[] = [
  ['benjaminiHochberg', (a, b, c) => benjaminiHochberg([a, null, b, c])],
  ['chiSquareQuantile', chiSquareQuantile],
  ['chiSquareSf', chiSquareSf],
  ['chiSquareUpperQuantile', chiSquareUpperQuantile],
  ['fisherRise', fisherRise],
  ['fisherTest', fisherTest],
  ['kolmogorovSf', kolmogorovSf],
  ['kolmogorovTwoSampleSf', kolmogorovTwoSampleSf],
  ['ksNoiseFloor', ksNoiseFloor],
  ['normalQuantile', normalQuantile],
  ['normalSf', normalSf],
  ['normalTwoSidedSf', normalTwoSidedSf],
  ['psiNoiseFloor', psiNoiseFloor],
  ['shareChange', (a, b, c, d) => shareChange(a, b, c, d)],
  ['studentTwoSidedSf', studentTwoSidedSf],
  ['wilsonInterval', (a, b) => wilsonInterval(a, b)],
  ['wilsonInterval at a level', wilsonInterval],
];

function numbersIn(result: unknown): unknown[] {
  return typeof result === 'object' && result !== null ? Object.values(result) : [result];
}

describe('odd arguments give no NaN, and throw nothing but a RangeError', () => {
  it.each(FUNCTIONS)('%s', (_, compute) => {
    fc.assert(
      fc.property(odd, odd, odd, odd, (a, b, c, d) => {
        try {
          for (const number of numbersIn(compute(a, b, c, d))) expect(number).not.toBeNaN();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      RUNS,
    );
  });
});

describe('beyond 1e8 degrees of freedom', () => {
  // SciPy 1.17.1, `chi2.sf`.
  it.each([
    [2e8 + 1e5, 2e8, 2.878429686852779e-7],
    [3.0007e9, 3e9, 8.105672564059738e-20],
    [2.9999e9, 3e9, 0.901648193620397],
    [2_000_003e6, 2e12, 0.0668072552344602],
  ])('P(X > %d) at %d', (x, degreesOfFreedom, expected) => {
    expect(chiSquareSf(x, degreesOfFreedom) / expected).toBeCloseTo(1, 11);
    expect(chiSquareUpperQuantile(expected, degreesOfFreedom) / x).toBeCloseTo(1, 12);
  });
});
