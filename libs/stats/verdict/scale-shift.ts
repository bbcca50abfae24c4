import type { NumericGrid } from '../grid/grid.js';
import type { NumericProfile } from '../profile/profile.js';
import { ksFromCells } from '../distance/ks-from-cells.js';
import type { DriftThresholds } from './drift-thresholds.js';
import { profileQuantile } from './quantiles.js';
import { UNIT_FACTORS } from './unit-factors.js';

/** A whole column multiplied by a constant, as a mistake of units does. */
export interface ScaleShift {
  readonly factor: number;
  /** D between the baseline multiplied by `factor` and the window. */
  readonly ksAfter: number;
  /** The known unit mistake, such as `miles → kilometres`, or null. */
  readonly knownUnit: string | null;
}

/** √(½ ln(2/0.001)): Kolmogorov's critical value at alpha = 0.001. */
const KOLMOGOROV_999 = 1.9494746206;
/** Least tolerance of D: room for rounding to whole units. */
const MIN_TOLERANCE = 0.02;
/** What scaling must leave of D at most: below it, scaling explains the change and does not merely shrink it. */
const MAX_REMAINING_SHARE = 1 / 3;
/** Factors nearer to 1 than this, either way, are changes of level and not of unit. */
const MIN_FACTOR = 1.25;
/** Cells the baseline must occupy: with fewer (flags, small codes), many factors fit. */
const MIN_OCCUPIED_CELLS = 10;
/** Standard errors by which the scaled means may differ; wide, because means of heavy tails are not normal. */
const MAX_MEAN_Z = 6;
const CANDIDATE_QUANTILES = [0.1, 0.25, 0.5, 0.75, 0.9];

/**
 * The factor that turns the baseline into the window, or null when the column has not drifted or no factor does.
 *
 * Candidates are the known unit factors and the ratios of means and of quantiles. One is accepted when D between the
 * baseline scaled by it (interpolated in cells, atoms kept whole) and the window is within chance: 1.95·√((n+m)/(nm)), the
 * critical value at alpha = 0.001, plus the certified in-cell error, at least 0.02; when it removes two thirds of D or more;
 * and when the means agree, which decides where the window lies beyond the edges. A known unit that fits is preferred.
 * Cost: about 50 times 50 µs, for drifted columns only.
 */
export function detectScaleShift(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
  thresholds: Pick<DriftThresholds, 'ksDrifted' | 'minCount'>,
): ScaleShift | null {
  const ks = ksFromCells(baseline.counts, window.counts, grid.isAtom);
  if (ks === null || ks.lower < thresholds.ksDrifted || window.count < thresholds.minCount) return null;
  if (baseline.counts.filter((count) => count > 0).length < MIN_OCCUPIED_CELLS || !(window.m2 > 0))
    return null;
  const chance = KOLMOGOROV_999 * Math.sqrt(1 / baseline.count + 1 / window.count);
  const tolerance = Math.max(MIN_TOLERANCE, chance + ks.upper - ks.lower);
  const limit = Math.min(tolerance, ks.lower * MAX_REMAINING_SHARE);
  const cumulative = cumulativeCounts(baseline.counts);
  const fitted = (factor: number, knownUnit: string | null): ScaleShift => ({
    factor,
    ksAfter: ksAfterScaling(grid, { profile: baseline, cumulative }, window, factor),
    knownUnit,
  });
  const fits = ({ factor, ksAfter }: ScaleShift): boolean =>
    ksAfter <= limit && meansAgree(baseline, window, factor);
  const known = UNIT_FACTORS.map(({ factor, name }) => fitted(factor, name)).filter(fits);
  const estimated = ratioCandidates(grid, baseline, window)
    .map((factor) => fitted(factor, null))
    .filter(fits);
  return closest(known) ?? closest(estimated);
}

function closest(shifts: readonly ScaleShift[]): ScaleShift | null {
  return shifts.reduce<ScaleShift | null>(
    (best, shift) => (best === null || shift.ksAfter < best.ksAfter ? shift : best),
    null,
  );
}

function ratioCandidates(grid: NumericGrid, baseline: NumericProfile, window: NumericProfile): number[] {
  const ratios = CANDIDATE_QUANTILES.map(
    (q) => (profileQuantile(grid, window, q) ?? NaN) / (profileQuantile(grid, baseline, q) ?? NaN),
  );
  ratios.push(
    window.mean / baseline.mean,
    Math.sqrt(window.m2 / window.count / (baseline.m2 / baseline.count)),
  );
  return ratios.filter((k) => Number.isFinite(k) && k > 0 && Math.abs(Math.log(k)) >= Math.log(MIN_FACTOR));
}

function meansAgree(baseline: NumericProfile, window: NumericProfile, factor: number): boolean {
  const scaledVariance = (factor * factor * baseline.m2) / baseline.count;
  const variance = Math.max(scaledVariance, window.m2 / window.count);
  const error = Math.sqrt(variance * (1 / baseline.count + 1 / window.count));
  return Math.abs(window.mean - factor * baseline.mean) <= MAX_MEAN_Z * error;
}

interface Cumulated {
  readonly profile: NumericProfile;
  /** cumulative[k]: values in the cells before k. */
  readonly cumulative: Float64Array;
}

function cumulativeCounts(counts: Float64Array): Float64Array {
  const cumulative = new Float64Array(counts.length + 1);
  for (let k = 0; k < counts.length; k++) cumulative[k + 1] = cumulative[k]! + counts[k]!;
  return cumulative;
}

/** Relative width within which a scaled value and an edge are taken as equal, since products round. */
const ROUNDING = 1e-12;

function ksAfterScaling(
  grid: NumericGrid,
  baseline: Cumulated,
  window: NumericProfile,
  factor: number,
): number {
  let distance = 0;
  let below = 0;
  for (let k = 0; k < grid.edges.length; k++) {
    below += window.counts[k]!;
    const x = grid.edges[k]! / factor;
    const slack = Math.min(Math.abs(x) * ROUNDING, Number.MAX_VALUE);
    const low = shareAtMost(grid, baseline, x - slack);
    const high = shareAtMost(grid, baseline, x + slack);
    const share = below / window.count;
    distance = Math.max(distance, share - high, low - share);
  }
  return distance;
}

/** F_b(x): exact at edges and atoms, linear in between, within the baseline's range. */
function shareAtMost(grid: NumericGrid, { profile, cumulative }: Cumulated, x: number): number {
  if (x < profile.min) return 0;
  if (x >= profile.max) return 1;
  const k = firstEdgeAtLeast(grid.edges, x);
  const right = Math.min(k < grid.edges.length ? grid.edges[k]! : profile.max, profile.max);
  const left = Math.max(k === 0 ? profile.min : grid.edges[k - 1]!, profile.min);
  const isWhole = x >= right;
  const inCell = isWhole ? 1 : grid.isAtom[k] === 1 ? 0 : (x - left) / (right - left) || 0;
  return (cumulative[k]! + profile.counts[k]! * Math.min(1, Math.max(0, inCell))) / profile.count;
}

function firstEdgeAtLeast(edges: Float64Array, x: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
