import type { ShareChange } from '../../significance/proportions.js';
import { hasSurelyRisen } from '../sure-rise.js';
import type { Side, WeightedChange } from './column-change.js';
import type { NumericComparison } from './numeric-comparison.js';

/** Least share of rows outside the range worth words: what makes a warning of data quality. */
const NOTABLE_SHARE = 0.01;

/**
 * The rows outside the baseline's range where their share has surely risen by 1%, else nothing.
 *
 * `change` is the share's, as data quality measures it; the sides are told apart by the cells beyond the
 * extremes.
 */
export function outOfRangeChange(
  { grid, baseline, window }: Pick<NumericComparison, 'grid' | 'baseline' | 'window'>,
  change: ShareChange | null,
): WeightedChange[] {
  if (change === null || !hasSurelyRisen(change, NOTABLE_SHARE)) return [];
  const rows = window.count + window.missingCount + window.invalidCount;
  let below = 0;
  let above = 0;
  for (let k = 0; k < window.counts.length; k++) {
    if (k < grid.edges.length && grid.edges[k]! < baseline.min) below += window.counts[k]!;
    if (k > 0 && grid.edges[k - 1]! >= baseline.max) above += window.counts[k]!;
  }
  if (below + above === 0) return [];
  const side: Side | 'both' = above === 0 ? 'below' : below === 0 ? 'above' : 'both';
  const shares = { share: (below + above) / rows, belowShare: below / rows, aboveShare: above / rows };
  const range = { baselineMin: baseline.min + 0, baselineMax: baseline.max + 0 };
  return [{ change: { kind: 'out-of-range', side, ...shares, ...range }, weight: shares.share }];
}
