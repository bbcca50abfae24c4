import type { TextGrid } from '../../grid/grid.js';
import type { TextProfile } from '../../profile/profile.js';
import { certainValues } from '../../profile/space-saving.js';
import type { QualityChanges } from '../column-drift.js';
import type { DriftThresholds } from '../drift-thresholds.js';
import type { SampleSizes } from '../sample-sizes.js';
import { hasSurelyRisen } from '../sure-rise.js';
import { orderedChanges, type ColumnChange, type WeightedChange } from './column-change.js';
import { numericChanges } from './numeric-changes.js';
import { qualityChangesFound } from './quality-changes.js';

/** Least rise of a share of texts or tokens worth words: what makes a warning of data quality. */
const NOTABLE_RISE = 0.01;
/** Names kept in a change; the words show three. */
const MAX_NAMES = 10;
/** What changed in lengths is worth less than a share of rows of the same size: it rarely is the cause. */
const LENGTH_WEIGHT = 0.01;

/** A text column's two sides, and what was found out about its quality. */
export interface TextChangesInput {
  readonly grid: TextGrid;
  readonly baseline: TextProfile;
  readonly window: TextProfile;
  readonly quality: QualityChanges;
  readonly limits: Pick<DriftThresholds, 'ksDrifted' | 'minCount'>;
  /** Independent texts on each side. */
  readonly effective: SampleSizes;
}

/** What changed in a text column, most telling first: blank texts, unseen tokens, then lengths; empty without any change. */
export function textChanges(input: TextChangesInput): ColumnChange[] {
  const { quality, window, limits } = input;
  return orderedChanges([
    ...qualityChangesFound(quality, window, limits.minCount),
    ...emptySpike(quality),
    ...unseenTokens(quality, window),
    ...lengthChanges(input),
  ]);
}

function emptySpike({ empty }: QualityChanges): WeightedChange[] {
  if (empty === null || !hasSurelyRisen(empty, NOTABLE_RISE)) return [];
  const { baselineShare, windowShare, difference } = empty;
  return [{ change: { kind: 'empty-spike', baselineShare, windowShare }, weight: difference }];
}

function unseenTokens({ unseen }: QualityChanges, window: TextProfile): WeightedChange[] {
  if (unseen === null || !hasSurelyRisen(unseen, NOTABLE_RISE)) return [];
  const { baselineShare, windowShare, difference } = unseen;
  const names = certainValues(window.unseenTokens)
    .slice(0, MAX_NAMES)
    .map(({ value, count }) => ({ name: value, share: Math.min(1, count / window.tokenCount) }));
  return [{ change: { kind: 'unseen-tokens', names, baselineShare, windowShare }, weight: difference }];
}

function lengthChanges({ grid, baseline, window, limits, effective }: TextChangesInput): WeightedChange[] {
  const quality = { missing: null, invalid: null, outOfRange: null };
  const sides = { grid: grid.lengths, baseline: baseline.lengths, window: window.lengths };
  return numericChanges({ ...sides, quality, limits, effective }).map((change, place) => ({
    change: { kind: 'length-changed', change },
    weight: LENGTH_WEIGHT / (1 + place),
  }));
}
