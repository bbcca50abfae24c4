import type { CategoricalGrid } from '../../grid/grid.js';
import type { CategoricalProfile } from '../../profile/profile.js';
import {
  type CertainValue,
  certainValues,
  SPACE_SAVING_COUNTERS,
  type SpaceSaving,
} from '../../profile/space-saving.js';
import type { ShareChange } from '../../significance/proportions.js';
import { unlistedRises } from '../unlisted-values.js';
import type { CaseChanged, NewCategory, Respelling } from './column-change.js';
import { differenceOf, placesBySpelling, plainSpelling } from './spelling.js';

/** Least certain share of unseen values worth words: a tenth of what makes a warning. */
const NOTABLE_UNSEEN_SHARE = 0.001;
/** Names kept in a change; the words show three. */
const MAX_NAMES = 10;

/** The values that the baseline never had, apart by whether they are known ones spelled differently. */
export interface NewValues {
  readonly respelled: CaseChanged | null;
  readonly created: NewCategory | null;
  /** How often each category, by its place, occurs in another spelling; empty when none does. */
  readonly respelledCounts: ReadonlyMap<number, number>;
  /** The spellings that were counted there. */
  readonly respelledNames: ReadonlySet<string>;
}

const NONE: NewValues = {
  respelled: null,
  created: null,
  respelledCounts: new Map(),
  respelledNames: new Set(),
};

/**
 * The new values, where their share is certainly 0.1% or more.
 *
 * Only the 100 most frequent are known by name, and by the counts that are certain; where there are more, the others are
 * taken to be of each sort in the proportion of those. Of a truncated grid only respellings are told, by how much they certainly rose, since a rare known value cannot be told from a
 * new one. Cost: none without notable unseen values, else 0.3 µs a category.
 */
export function newValues(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
  unseen: ShareChange | null,
): NewValues {
  if (grid.isTruncated === true) return respelledBeyondList(grid, baseline, window);
  if (unseen === null || !(unseen.lowerBound >= NOTABLE_UNSEEN_SHARE) || window.unseenCount === 0)
    return NONE;
  const all = certainValues(window.unlisted);
  const values = all.filter(({ value }) => !baseline.unlisted.index.has(value));
  const { respellings, created } = sortedBySpelling(grid, values);
  // What both have outside the grid, as when they were counted on another's, is not new but counts here.
  const perCertainValue = window.unseenCount / totalOf(all);
  return {
    ...respelledValues(grid, respellings, window, perCertainValue),
    created: newCategory(created, totalOf(created) * perCertainValue, window),
  };
}

function respelledBeyondList(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
): NewValues {
  if (!(window.otherCount / window.count >= NOTABLE_UNSEEN_SHARE)) return NONE;
  const perBaselineValue = window.count / baseline.count;
  const rises = unlistedRises(baseline, window)
    .map(({ name, baselineCount, windowCount }) => ({
      value: name,
      count: windowCount - baselineCount * perBaselineValue,
    }))
    .sort((a, b) => b.count - a.count);
  const { respellings } = sortedBySpelling(grid, rises);
  return { ...respelledValues(grid, respellings, window, 1), created: null };
}

/** A value that is the category at this place in another spelling. */
interface FoundRespelling extends CertainValue {
  readonly place: number;
}

function sortedBySpelling({ categories }: CategoricalGrid, values: readonly CertainValue[]) {
  const known = placesBySpelling(categories);
  const respellings: FoundRespelling[] = [];
  const created: CertainValue[] = [];
  for (const value of values) {
    const place = known.get(plainSpelling(value.value));
    if (place === undefined) created.push(value);
    else respellings.push({ ...value, place });
  }
  return { respellings, created };
}

function totalOf(values: readonly CertainValue[]): number {
  return values.reduce((sum, { count }) => sum + count, 0);
}

function respelledValues(
  grid: CategoricalGrid,
  found: readonly FoundRespelling[],
  window: CategoricalProfile,
  perCertainValue: number,
): Omit<NewValues, 'created'> {
  const respelledCounts = new Map<number, number>();
  for (const { place, count } of found) respelledCounts.set(place, (respelledCounts.get(place) ?? 0) + count);
  return {
    respelled: caseChange(grid, found, totalOf(found) * perCertainValue, window),
    respelledCounts,
    respelledNames: new Set(found.map(({ value }) => value)),
  };
}

function caseChange(
  { categories }: CategoricalGrid,
  found: readonly FoundRespelling[],
  count: number,
  { count: m, unlisted }: CategoricalProfile,
): CaseChanged | null {
  const share = Math.min(1, count / m);
  if (share < NOTABLE_UNSEEN_SHARE) return null;
  const values: Respelling[] = found.map(({ value, count, place }) => ({
    from: categories[place]!,
    to: value,
    share: Math.min(1, count / m),
  }));
  return {
    kind: 'case-changed',
    difference: differenceOf(values),
    values: values.slice(0, MAX_NAMES),
    distinctCount: distinctCountOf(found, unlisted),
    share,
  };
}

function newCategory(
  created: readonly CertainValue[],
  count: number,
  { count: m, unlisted }: CategoricalProfile,
): NewCategory | null {
  const share = count / m;
  if (share < NOTABLE_UNSEEN_SHARE) return null;
  const names = created
    .slice(0, MAX_NAMES)
    .map(({ value, count }) => ({ name: value, share: Math.min(1, count / m) }));
  return {
    kind: 'new-category',
    names,
    distinctCount: distinctCountOf(created, unlisted),
    share: Math.min(1, share),
  };
}

/** How many values there are; null when the summary is full, and others may have been dropped. */
function distinctCountOf(found: readonly CertainValue[], { values }: SpaceSaving): number | null {
  return values.length >= SPACE_SAVING_COUNTERS ? null : found.length;
}
