import type { CategoricalGrid } from '../../grid/grid.js';
import type { CategoricalProfile } from '../../profile/profile.js';
import {
  frequentValues,
  SPACE_SAVING_COUNTERS,
  type FrequentValue,
  type SpaceSaving,
} from '../../profile/space-saving.js';
import type { ShareChange } from '../../significance/proportions.js';
import type { CaseChanged, NewCategory, Respelling } from './column-change.js';

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
}

const NONE: NewValues = { respelled: null, created: null, respelledCounts: new Map() };

/**
 * The new values, where their share is certainly 0.1% or more.
 *
 * Only the 100 most frequent are known by name; the others count as created. Of a truncated grid nothing is
 * new, since a rare known value cannot be told from a new one. Cost: none without notable unseen values, else
 * 0.3 µs a category.
 */
export function newValues(
  grid: CategoricalGrid,
  baseline: CategoricalProfile,
  window: CategoricalProfile,
  unseen: ShareChange | null,
): NewValues {
  if (unseen === null || !(unseen.lowerBound >= NOTABLE_UNSEEN_SHARE) || window.unseenCount === 0)
    return NONE;
  const values = frequentValues(window.unlisted).filter(({ value }) => !baseline.unlisted.index.has(value));
  const known = placesBySpelling(grid.categories);
  const respellings: (FrequentValue & { place: number })[] = [];
  const created: FrequentValue[] = [];
  for (const value of values) {
    const place = known.get(plainSpelling(value.value));
    if (place === undefined) created.push(value);
    else respellings.push({ ...value, place });
  }
  const respelledCounts = new Map<number, number>();
  for (const { place, count } of respellings)
    respelledCounts.set(place, (respelledCounts.get(place) ?? 0) + count);
  const respelledCount = respellings.reduce((sum, { count }) => sum + count, 0);
  const createdCount = Math.max(0, window.unseenCount - respelledCount - countOfKnown(baseline, window));
  return {
    respelled: caseChange(grid, respellings, window),
    created: newCategory(created, createdCount, window),
    respelledCounts,
  };
}

/**
 * How often the window has values outside the grid that the baseline has too, as when it was counted on
 * another's grid.
 */
function countOfKnown(baseline: CategoricalProfile, window: CategoricalProfile): number {
  return frequentValues(window.unlisted)
    .filter(({ value }) => baseline.unlisted.index.has(value))
    .reduce((sum, { count }) => sum + count, 0);
}

/** What a value and its respellings have in common: no surrounding blanks, compatible forms, lower case. */
function plainSpelling(value: string): string {
  return value.normalize('NFKC').trim().toLowerCase();
}

function placesBySpelling(categories: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  categories.forEach((category, place) => {
    const plain = plainSpelling(category);
    // The most frequent comes first, and is the one that is meant.
    if (plain !== '' && !places.has(plain)) places.set(plain, place);
  });
  return places;
}

function caseChange(
  { categories }: CategoricalGrid,
  found: readonly (FrequentValue & { place: number })[],
  { count: m, unlisted }: CategoricalProfile,
): CaseChanged | null {
  const values: Respelling[] = found.map(({ value, count, place }) => ({
    from: categories[place]!,
    to: value,
    share: Math.min(1, count / m),
  }));
  const share = Math.min(
    1,
    values.reduce((sum, value) => sum + value.share, 0),
  );
  if (share < NOTABLE_UNSEEN_SHARE) return null;
  const kept = values.slice(0, MAX_NAMES);
  return {
    kind: 'case-changed',
    difference: differenceOf(values),
    values: kept,
    distinctCount: distinctCountOf(found, unlisted),
    share,
  };
}

function differenceOf(values: readonly Respelling[]): CaseChanged['difference'] {
  const isCase = values.some(({ from, to }) => from.trim() !== to.trim());
  const isBlanks = values.some(({ from, to }) => hasBlanks(from) !== hasBlanks(to));
  if (isCase && isBlanks) return 'case-and-blanks';
  return isBlanks || !isCase ? 'blanks' : 'case';
}

function hasBlanks(text: string): boolean {
  return text !== text.trim();
}

function newCategory(
  created: readonly FrequentValue[],
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
function distinctCountOf(found: readonly FrequentValue[], { values }: SpaceSaving): number | null {
  return values.length >= SPACE_SAVING_COUNTERS ? null : found.length;
}
