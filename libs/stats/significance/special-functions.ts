import { gammaTails } from './incomplete-gamma.js';
import { normalQuantile } from './normal-quantile.js';
import { stirlingError } from './stirling.js';

export { studentTwoSidedSf } from './student.js';

/** ln Γ(x) for x > 0, to 1e-15 of its largest term; Infinity at x ≤ 0 and for NaN. */
export function logGamma(x: number): number {
  if (!(x > 0)) return Infinity;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + stirlingError(x);
}

/**
 * P(X > x) of the χ² distribution, 0 to 1; 1 at x ≤ 0, for NaN, and below one degree of freedom.
 *
 * Relative error 1e-12 down to 1e-300, up to 1e6 degrees of freedom and beyond. Golden values: SciPy 1.17.1, `chi2.sf`.
 */
export function chiSquareSf(x: number, degreesOfFreedom: number): number {
  return degreesOfFreedom >= 1 ? gammaTails(degreesOfFreedom / 2, x / 2).upper : 1;
}

/**
 * The x with P(X ≤ x) = probability of the χ² distribution; 0 at 0 and below one degree of freedom, Infinity at 1.
 *
 * Relative error 1e-13 and what 1 − probability has lost. Cost: 2 to 5 µs up to 1,000 degrees of freedom.
 * @throws RangeError unless 0 ≤ probability ≤ 1
 */
export function chiSquareQuantile(probability: number, degreesOfFreedom: number): number {
  return probability > 0.5
    ? chiSquareUpperQuantile(1 - probability, degreesOfFreedom)
    : chiSquareRoot(probability, degreesOfFreedom, 'lower');
}

/** The x with P(X > x) = tail of the χ² distribution, to 1e-13 down to 1e-300; else as `chiSquareQuantile`. SciPy's `chi2.isf`. */
export function chiSquareUpperQuantile(tail: number, degreesOfFreedom: number): number {
  return tail > 0.5
    ? chiSquareRoot(1 - tail, degreesOfFreedom, 'lower')
    : chiSquareRoot(tail, degreesOfFreedom, 'upper');
}

/** Below it doubles lose digits, and with them the slope. */
const SMALLEST_NORMAL = 2.3e-308;
/** From here on Wilson and Hilferty's cube is right to 1e-15. */
const CUBE_FROM = 1e12;
/** Newton's method seldom takes more than five steps; the last one repeats the root. */
const MAX_STEPS = 60;

/**
 * Newton's method on ln of the lower tail over ln x, or ln of the upper tail over x: both are concave and almost straight in their
 * far tails, so that it converges from any start.
 */
function chiSquareRoot(tail: number, degreesOfFreedom: number, side: 'lower' | 'upper'): number {
  const z = side === 'lower' ? normalQuantile(tail) : -normalQuantile(tail);
  if (!(degreesOfFreedom >= 1)) return 0;
  if (tail === 0) return side === 'lower' ? 0 : Infinity;
  const a = degreesOfFreedom / 2;
  let x = startOfRoot(tail, a, z);
  if (a > CUBE_FROM) return 2 * x;
  let resolved = a;
  for (let step = 0; step < MAX_STEPS; step++) {
    const tails = gammaTails(a, x);
    // Where the tail at x is beyond a double, go halfway back to where it was not.
    if (tails[side] < SMALLEST_NORMAL) x = (x + resolved) / 2;
    else {
      resolved = x;
      const change = (Math.log(tails[side] / tail) * tails[side]) / tails.slope;
      x *= side === 'lower' ? Math.exp(-change) : 1 + change;
      if (!(Math.abs(change) > 4 * Number.EPSILON)) break;
    }
  }
  return 2 * x;
}

/** Wilson and Hilferty's cube (1931); where it fails, far down the lower tail, the first term of the series. */
function startOfRoot(tail: number, a: number, z: number): number {
  if (a === Infinity) return Infinity;
  const cubeRoot = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a));
  if (cubeRoot > 0.3) return a * cubeRoot ** 3;
  return Math.exp((Math.log(tail) + logGamma(a + 1)) / a);
}

/** P(abs(Z) > z) of the standard normal distribution, 0 to 1; 1 for NaN. Relative error 2e-13 down to 1e-300. */
export function normalTwoSidedSf(z: number): number {
  return gammaTails(0.5, (z * z) / 2).upper;
}

/** P(Z > z) of the standard normal distribution, 0 to 1; ½ for NaN. Relative error 2e-13 down to 1e-300; SciPy's `norm.sf`. */
export function normalSf(z: number): number {
  const half = normalTwoSidedSf(z) / 2;
  return z < 0 ? 1 - half : half;
}
