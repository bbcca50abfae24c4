import type { NamedColumnGrid } from '../grid/grid.js';
import type { ColumnProfile } from '../profile/profile.js';
import type { ColumnDesignEffects } from '../span/design-effect.js';
import { categoricalMeasures, type MeasuredColumn, numericMeasures } from './column-evidence.js';
import { outOfRangeCount, qualityEvidence, type QualityEvidence } from './data-quality.js';
import type { SampleSizes } from './sample-sizes.js';

/** One column of two profiles on one grid. */
export interface ColumnPair extends NamedColumnGrid {
  readonly gridHash: string;
  readonly baseline: ColumnProfile;
  readonly window: ColumnProfile;
  readonly baselineRows: number;
  readonly windowRows: number;
  readonly baselineEffects: ColumnDesignEffects;
  readonly windowEffects: ColumnDesignEffects;
}

/** A pair with all that was measured of it, before any judgement. */
export interface MeasuredPair extends MeasuredColumn {
  readonly pair: ColumnPair;
  readonly sizes: SampleSizes;
  readonly quality: QualityEvidence;
  readonly shares: ColumnShares;
}

/** The shares of unusable and unexpected cells on both sides, 0 to 1; of rows, and for unseen tokens of tokens. */
export interface ColumnShares {
  readonly missingShare: number;
  readonly invalidShare: number;
  readonly unseenShare: number;
  readonly outOfRangeShare: number;
  readonly baselineMissingShare: number;
  readonly baselineInvalidShare: number;
  readonly baselineUnseenShare: number;
}

/**
 * The measures of a pair.
 * @throws RangeError if a profile is not of the kind of its grid, or a design effect is not a number from 1 on
 */
export function measuredPair(pair: ColumnPair): MeasuredPair {
  checkEffects(pair.name, pair.baselineEffects);
  checkEffects(pair.name, pair.windowEffects);
  const { baseline, window, baselineEffects, windowEffects } = pair;
  const outside = outsideCount(pair);
  const sizes = { n: baseline.count / baselineEffects.values, m: window.count / windowEffects.values };
  const { measures, effects } = measuredColumn(pair, sizes);
  return {
    pair,
    sizes,
    measures,
    effects,
    quality: qualityEvidence(pair, outside),
    shares: sharesOf(pair, outside),
  };
}

function checkEffects(name: string, effects: ColumnDesignEffects): void {
  const { values, missing, invalid, unseen } = effects;
  if (isEffect(values) && isEffect(missing) && isEffect(invalid) && isEffect(unseen)) return;
  throw new RangeError(
    `column ${name}: a design effect is a number from 1 on, got ${JSON.stringify(effects)}`,
  );
}

function isEffect(x: number): boolean {
  return x >= 1 && x < Infinity;
}

function measuredColumn({ grid, baseline, window, name }: ColumnPair, sizes: SampleSizes): MeasuredColumn {
  if (grid.kind === 'numeric' && baseline.kind === 'numeric' && window.kind === 'numeric')
    return numericMeasures(grid, baseline, window, sizes);
  if (grid.kind === 'categorical' && baseline.kind === 'categorical' && window.kind === 'categorical')
    return categoricalMeasures(grid, baseline, window, sizes);
  if (grid.kind === 'text' && baseline.kind === 'text' && window.kind === 'text')
    return numericMeasures(grid.lengths, baseline.lengths, window.lengths, sizes);
  throw new RangeError(`the profiles of column ${name} do not have the kind of their grid`);
}

function outsideCount({ grid, baseline, window }: ColumnPair): number {
  if (grid.kind !== 'numeric' || baseline.kind !== 'numeric' || window.kind !== 'numeric') return 0;
  return outOfRangeCount(grid, baseline, window);
}

function sharesOf(pair: ColumnPair, outside: number): ColumnShares {
  const { baseline, window, baselineRows, windowRows } = pair;
  const { unseenShare, baselineUnseenShare } = unseenShares(pair);
  return {
    missingShare: share(window.missingCount, windowRows),
    invalidShare: share(window.invalidCount, windowRows),
    outOfRangeShare: share(outside, windowRows),
    baselineMissingShare: share(baseline.missingCount, baselineRows),
    baselineInvalidShare: share(baseline.invalidCount, baselineRows),
    unseenShare,
    baselineUnseenShare,
  };
}

function unseenShares({ grid, baseline, window, baselineRows, windowRows }: ColumnPair) {
  if (grid.kind === 'text' && window.kind === 'text') {
    return {
      unseenShare: share(window.unseenTokenCount, window.tokenCount),
      baselineUnseenShare: share(grid.expectedUnseenCount, grid.tokenCount),
    };
  }
  return {
    unseenShare: window.kind === 'categorical' ? share(window.unseenCount, windowRows) : 0,
    baselineUnseenShare: baseline.kind === 'categorical' ? share(baseline.unseenCount, baselineRows) : 0,
  };
}

function share(count: number, total: number): number {
  return total > 0 ? count / total : 0;
}
