import type { CategoricalProfile, NumericProfile } from '../profile/profile.js';
import type { NumericGrid } from '../grid/grid.js';
import { frequentValues } from '../profile/space-saving.js';
import { numberLabel, POOLED_LABELS } from './binning.js';
import type { BinnedDistributions, QualityChanges } from './column-drift.js';
import { profileQuantile, quantileEdge, shareAtMostEdge } from './quantiles.js';
import type { ScaleShift } from './scale-shift.js';

/** A share in whole percent, with a decimal below ten. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${Number(value.toFixed(value < 10 ? 1 : 0))}%`;
}

/** Least change of a share worth words: half of D's warning threshold. */
const NOTABLE_SHARE = 0.025;
/** Least certain share of unseen values worth words: a tenth of what makes a warning. */
const NOTABLE_UNSEEN_SHARE = 0.001;
const NOTHING = 'no notable change';

/** What changed in a numeric column, in words, most telling first; `no notable change` when nothing did. */
export function numericExplanation(
  grid: NumericGrid,
  baseline: NumericProfile,
  window: NumericProfile,
  quality: QualityChanges,
  scale: ScaleShift | null,
): string {
  const parts: string[] = [];
  if (scale !== null) parts.push(scaleWords(scale));
  if (baseline.count > 0 && window.count > 0) {
    parts.push(...medianWords(grid, baseline, window), ...tailWords(baseline, window));
  }
  return joined([...parts, ...qualityWords(quality)]);
}

function scaleWords({ factor, knownUnit }: ScaleShift): string {
  const unit = knownUnit === null ? '' : ` (${knownUnit})`;
  return `all values look multiplied by ${numberLabel(factor)}${unit}`;
}

function medianWords(grid: NumericGrid, baseline: NumericProfile, window: NumericProfile): string[] {
  const edge = quantileEdge(baseline, 0.5);
  const before = profileQuantile(grid, baseline, 0.5);
  const after = profileQuantile(grid, window, 0.5);
  if (edge === null || before === null || after === null) return [];
  const [from, to] = [numberLabel(before), numberLabel(after)];
  const moved = Math.abs(shareAtMostEdge(window, edge) - shareAtMostEdge(baseline, edge));
  if (moved < NOTABLE_SHARE || from === to) return [];
  const ratio = after / before;
  return [
    `the median moved from ${from} to ${to}${ratio > 0 && Number.isFinite(ratio) ? ` (×${numberLabel(Number(ratio.toPrecision(3)))})` : ''}`,
  ];
}

function tailWords(baseline: NumericProfile, window: NumericProfile): string[] {
  const words: string[] = [];
  const high = quantileEdge(baseline, 0.95);
  const low = quantileEdge(baseline, 0.05);
  if (high !== null) {
    const above = 1 - shareAtMostEdge(window, high);
    if (above - (1 - shareAtMostEdge(baseline, high)) >= NOTABLE_SHARE) {
      words.push(`${percent(above)} of the window is above the baseline's 95th percentile`);
    }
  }
  if (low !== null) {
    const below = shareAtMostEdge(window, low);
    if (below - shareAtMostEdge(baseline, low) >= NOTABLE_SHARE) {
      words.push(`${percent(below)} of the window is at or below the baseline's 5th percentile`);
    }
  }
  return words;
}

/** What changed in a categorical column, in words: the two largest changes of a share, unseen values by name, quality. */
export function categoricalExplanation(
  bins: BinnedDistributions,
  window: CategoricalProfile,
  quality: QualityChanges,
): string {
  return joined([...shareWords(bins), ...unseenWords(window, quality), ...qualityWords(quality)]);
}

function shareWords({ labels, baseline, window }: BinnedDistributions): string[] {
  const n = baseline.reduce((sum, count) => sum + count, 0);
  const m = window.reduce((sum, count) => sum + count, 0);
  if (n === 0 || m === 0) return [];
  return labels
    .map((label, i) => ({ label, before: baseline[i]! / n, after: window[i]! / m }))
    .filter(
      ({ label, before, after }) =>
        label !== POOLED_LABELS.unseen && Math.abs(after - before) >= NOTABLE_SHARE,
    )
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
    .slice(0, 2)
    .map(({ label, before, after }) => `"${label}" went from ${percent(before)} to ${percent(after)}`);
}

function unseenWords(window: CategoricalProfile, { unseen }: QualityChanges): string[] {
  if (unseen === null || window.unseenCount === 0 || unseen.lowerBound < NOTABLE_UNSEEN_SHARE) return [];
  const names = frequentValues(window.unlisted)
    .slice(0, 3)
    .map(({ value }) => `"${value}"`);
  return [
    `${percent(unseen.windowShare)} of rows hold values that the baseline never had (${names.join(', ')})`,
  ];
}

function qualityWords({ missing, invalid, outOfRange }: QualityChanges): string[] {
  const words: string[] = [];
  for (const [name, change] of [
    ['missing', missing],
    ['invalid', invalid],
  ] as const) {
    if (change === null || change.pValue >= 0.05 || Math.abs(change.difference) < 0.01) continue;
    words.push(
      `${name} values went from ${percent(change.baselineShare)} to ${percent(change.windowShare)} of rows`,
    );
  }
  if (outOfRange !== null && outOfRange.lowerBound >= 0.01) {
    words.push(`${percent(outOfRange.windowShare)} of rows are outside the baseline's range`);
  }
  return words;
}

function joined(parts: readonly string[]): string {
  return parts.length === 0 ? NOTHING : parts.join('; ');
}
