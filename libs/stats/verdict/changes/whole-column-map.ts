import { profileQuantile } from '../quantiles.js';
import { samplingUnit } from './chance.js';
import type { WholeColumnMap } from './column-change.js';
import { KNOWN_MAPS, type AffineMap } from './known-maps.js';
import { mappedDistance, type MappedDistance } from './mapped-distance.js';
import { isResolved, LEVEL_FACTOR, momentsMisfit } from './map-moments.js';
import type { NumericComparison } from './numeric-comparison.js';
import { roundingUnitOf } from './rounding-unit.js';

/**
 * Kolmogorov's 95% critical value, √(½ ln(2/0.05)), for estimated maps, which stay below it more often, being
 * fitted.
 */
const KOLMOGOROV_95 = 1.3581015157;
/** Kolmogorov's 99% critical value, for known maps, which are not fitted. */
const KOLMOGOROV_99 = 1.6276236115;
/** Least tolerance of D: rounding, and the mass of a few cells where cells are wide. */
const MIN_TOLERANCE = 0.02;
/**
 * Greatest tolerance of D: at 100 rows a fit within chance would say nothing; larger rejects true maps under
 * 200 rows less.
 */
const MAX_TOLERANCE = 0.1;
/**
 * What a map must leave of D at most: above it, it merely shrinks the change. A half where chance alone
 * leaves more.
 */
const MAX_REMAINING_SHARE = 1 / 3;
const MAX_REMAINING_NOISE_SHARE = 1 / 2;
/**
 * About the 98% quantile of the weighted distance over the middle 96%, in √(1/n + 1/m): in 600 windows each
 * of two shapes and three sizes the 95% quantile was 3.2 to 3.3, the 99% one 3.6 to 4.0.
 */
const WEIGHTED_98 = 3.6;
/** As MIN_TOLERANCE, at the median's √(F(1 − F)) = ½. */
const MIN_WEIGHTED = 0.04;
/**
 * How many times chance D must be for any map: below, at 500 rows, mixtures of x and 3x of amounts pass for a
 * unit, and two true units in five get the name of another.
 */
const MIN_KNOWN_CLARITY = 2;
/**
 * How many times chance an estimated map needs D to be: below, some factor or offset fits most changes of
 * shape.
 */
const MIN_CLARITY = 4;
/** Cells the baseline must occupy: with fewer (flags, small codes), many factors fit. */
const MIN_OCCUPIED_CELLS = 10;
/**
 * Standard errors of the order statistic up to which a map fits: 99%, and 99.9% for known maps, which are not
 * fitted.
 */
const MAX_ORDER_Z = 2.6;
const MAX_KNOWN_ORDER_Z = 3.3;
/** Standard error of the order statistic in √(1/n + 1/m). */
const ORDER_ERROR = Math.sqrt(1 / 12);
/** As MIN_TOLERANCE; a factor that is off by 1% moves the order by about 0.003. */
const MIN_ORDER = 0.003;
/**
 * By how much of the score a round factor (2, 10) must be nearer than a named one, which has the better
 * reason.
 */
const ROUND_PENALTY = 0.3;
/**
 * How much worse than a change of level by a small factor a shift may fit to be preferred: they hardly
 * differ.
 */
const SHIFT_ADVANTAGE = 0.75;
const CANDIDATE_QUANTILES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95];

interface Fit extends MappedDistance {
  readonly map: AffineMap;
  /** Smaller is better: the distances and the moments' misfit, each in its own tolerance. */
  readonly score: number;
}

/**
 * The map that turns the whole baseline into the window, or null where D is below `ksDrifted` or twice
 * chance, or no map explains the window.
 *
 * Candidates are the known mistakes of units and origins, and factors and offsets estimated from quantiles
 * and means. One is accepted when D between the mapped baseline and the window is within chance, at the tails
 * too, and at most a third of what it was. Where cells are too wide to tell (values beyond the grid), means
 * and standard deviations must agree. A known map is preferred to an estimated one that fits hardly better;
 * the closest known one wins. Power and false recognition: `whole-column-map.spec.ts`. Cost: 0.2 to 1.2 ms at
 * 1,000 cells, for drifted columns only.
 */
export function wholeColumnMap(
  comparison: NumericComparison,
  limits: { readonly ksDrifted: number; readonly minCount: number },
): WholeColumnMap | null {
  const { distance, window, sizes } = comparison;
  const unit = samplingUnit(sizes);
  if (!(distance >= limits.ksDrifted) || distance < MIN_KNOWN_CLARITY * KOLMOGOROV_95 * unit) return null;
  if (window.count < limits.minCount || !(window.m2 > 0) || !isRich(comparison)) return null;
  const fits = mapFitter(comparison, unit);
  const known = KNOWN_MAPS.filter((map) => isInDomain(comparison, map)).flatMap(fits);
  const isClear = distance >= MIN_CLARITY * KOLMOGOROV_95 * unit;
  const estimated = isClear ? estimatedMaps(comparison).flatMap(fits) : [];
  const best = closest(known) ?? bestEstimate(estimated, fits, unit);
  return best === null ? null : changeOf(best);
}

/**
 * The closest of the estimated fits, rounded where that fits as well; null where it is only a change of
 * level.
 */
function bestEstimate(estimated: readonly Fit[], fits: Fitter, unit: number): Fit | null {
  const best = closest(estimated);
  if (best === null) return null;
  if (!isOnlyLevel(best.map)) return rounded(best, fits, unit);
  const shift = closest(estimated.filter(({ map }) => map.kind === 'shifted'));
  return shift !== null && shift.score <= best.score + SHIFT_ADVANTAGE ? rounded(shift, fits, unit) : null;
}

function isInDomain({ grid, baseline }: NumericComparison, { domain }: AffineMap): boolean {
  if (domain === undefined) return true;
  const low = profileQuantile(grid, baseline, 0.05);
  const high = profileQuantile(grid, baseline, 0.95);
  return low !== null && high !== null && low >= domain[0] && high <= domain[1];
}

function isRich({ baseline: { counts } }: NumericComparison): boolean {
  let occupied = 0;
  for (let k = 0; k < counts.length && occupied < MIN_OCCUPIED_CELLS; k++) if (counts[k]! > 0) occupied++;
  return occupied === MIN_OCCUPIED_CELLS;
}

function isOnlyLevel({ kind, factor }: AffineMap): boolean {
  return kind === 'scaled' && Math.abs(Math.log(factor)) < Math.log(LEVEL_FACTOR);
}

function closest(fits: readonly Fit[]): Fit | null {
  return fits.reduce<Fit | null>((best, fit) => (best === null || fit.score < best.score ? fit : best), null);
}

type Fitter = (map: AffineMap) => Fit[];

/** Gives the fit of a map, or nothing where it does not fit. */
function mapFitter(comparison: NumericComparison, unit: number): Fitter {
  const roundingUnit = roundingUnitOf(comparison);
  const isClose = isResolved(comparison);
  const fitted = distanceLimits(comparison.distance, unit, KOLMOGOROV_95, MAX_ORDER_Z);
  const given = distanceLimits(comparison.distance, unit, KOLMOGOROV_99, MAX_KNOWN_ORDER_Z);
  return (map) => {
    const limits = map.origin === 'estimated' ? fitted : given;
    const distance = mappedDistance(comparison, { ...map, roundingUnit }, limits);
    const misfit = isClose || distance === null ? 0 : momentsMisfit(comparison, map);
    if (distance === null || misfit === null) return [];
    const { ks, weighted, order } = distance;
    const penalty = map.origin === 'round' ? ROUND_PENALTY : 0;
    const score = ks / limits.ks + weighted / limits.weighted + (2 * order) / limits.order + misfit + penalty;
    return [{ ...distance, map, score }];
  };
}

function distanceLimits(distance: number, unit: number, critical: number, orderZ: number): MappedDistance {
  return {
    ks: ksLimit(distance, critical * unit),
    weighted: Math.max(MIN_WEIGHTED, WEIGHTED_98 * unit),
    order: Math.max(MIN_ORDER, orderZ * ORDER_ERROR * unit),
  };
}

function ksLimit(distance: number, chance: number): number {
  const tolerance = Math.min(MAX_TOLERANCE, Math.max(MIN_TOLERANCE, chance));
  const remaining = Math.max(
    distance * MAX_REMAINING_SHARE,
    Math.min(distance * MAX_REMAINING_NOISE_SHARE, chance),
  );
  return Math.min(tolerance, remaining);
}

/** Factors and offsets that would explain a quantile, the mean or the standard deviation. */
function estimatedMaps({ grid, baseline, window }: NumericComparison): AffineMap[] {
  const pairs = CANDIDATE_QUANTILES.map((q) => [
    profileQuantile(grid, baseline, q) ?? NaN,
    profileQuantile(grid, window, q) ?? NaN,
  ]);
  const factors = [...pairs.map(([from, to]) => to! / from!), window.mean / baseline.mean];
  factors.push(Math.sqrt(window.m2 / window.count / (baseline.m2 / baseline.count)), combinedFactor(pairs));
  const offsets = [...pairs.map(([from, to]) => to! - from!), window.mean - baseline.mean];
  return [
    ...factors.filter((factor) => factor > 0 && Number.isFinite(factor)).map(scaledBy),
    ...offsets.filter((offset) => offset !== 0 && Number.isFinite(offset)).map(shiftedBy),
  ];
}

/** The geometric mean of the inner quantiles' ratios, steadier than each. */
function combinedFactor(pairs: readonly (readonly number[])[]): number {
  const logs = pairs.map(([from, to]) => Math.log(to! / from!)).filter(Number.isFinite);
  return logs.length === 0 ? NaN : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}

function scaledBy(factor: number): AffineMap {
  return { kind: 'scaled', factor, offset: 0, name: null, origin: 'estimated' };
}

function shiftedBy(offset: number): AffineMap {
  return { kind: 'shifted', factor: 1, offset, name: null, origin: 'estimated' };
}

/** The estimated map with a round number in place of its own where that fits as well within chance. */
function rounded(best: Fit | null, fits: Fitter, unit: number): Fit | null {
  if (best === null) return null;
  const { kind, factor, offset } = best.map;
  const numbers = kind === 'scaled' ? roundFactors(factor) : roundNumbers(offset);
  const maps = numbers.filter((x) => x !== 0).map(kind === 'scaled' ? scaledBy : shiftedBy);
  for (const map of maps) {
    const [fit] = fits(map);
    if (fit !== undefined && fit.ks <= best.ks + Math.max(0.3 * unit, 0.001)) return fit;
  }
  return best;
}

function roundNumbers(x: number): number[] {
  return [1, 2, 3].map((digits) => Number(x.toPrecision(digits)));
}

/** A factor's neighbours with few digits, and for a divisor those of its inverse. */
function roundFactors(factor: number): number[] {
  return factor >= 1 ? roundNumbers(factor) : roundNumbers(1 / factor).map((divisor) => 1 / divisor);
}

function changeOf({ map: { kind, factor, offset, name }, ks: ksAfter }: Fit): WholeColumnMap {
  switch (kind) {
    case 'scaled':
      return { kind, factor, knownUnit: name, ksAfter };
    case 'shifted':
      return { kind, offset, knownName: name, ksAfter };
    case 'converted':
      return { kind, name: name ?? '', factor, offset, ksAfter };
    case 'sign-flipped':
      return { kind, ksAfter };
  }
}
