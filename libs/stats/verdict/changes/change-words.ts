import type {
  CaseChanged,
  ColumnChange,
  NewCategory,
  OutOfRange,
  SpreadChanged,
  TailChanged,
} from './column-change.js';
import { codeQuoted, measure, measures, percent, quoted, ratioLabel, timesLabel } from './word-labels.js';

/** Phrases of one explanation at most: more would not be read. */
const MAX_PHRASES = 4;
/** Names in a phrase at most. */
const MAX_NAMES = 3;
const NOTHING = 'no notable change';
/** Share of the window from which a value did not only take over: the column collapsed to it. */
const COLLAPSED_SHARE = 0.9;
/** Ratio of ratios up to which standard deviations tell the same story as the middle 90%. */
const SAME_STORY = 1.5;

/**
 * What changed in a column in one line: the first four changes, joined by `; `; `no notable change` without
 * any.
 *
 * Names are cut at 40 characters, control characters escaped.
 */
export function explanation(column: string, changes: readonly ColumnChange[]): string {
  if (changes.length === 0) return NOTHING;
  return changes
    .slice(0, MAX_PHRASES)
    .map((change, place) => changeWords(column, change, place === 0))
    .join('; ');
}

/** One change in words, without a full stop; they name the column, save where another phrase just did. */
export function changeWords(columnName: string, change: ColumnChange, isFirst = true): string {
  return wordsOf(codeQuoted(columnName), change, isFirst);
}

function wordsOf(column: string, change: ColumnChange, isFirst: boolean): string {
  switch (change.kind) {
    case 'scaled':
      return `all values of ${column} look multiplied by ${measure(change.factor)}${named(change.knownUnit)}`;
    case 'shifted':
      return `${column} looks shifted by ${signed(change.offset)}${named(change.knownName)}`;
    case 'converted':
      return `all values of ${column} look converted${named(change.name)}`;
    case 'sign-flipped':
      return `all values of ${column} look multiplied by −1: the sign is flipped`;
    case 'variance-collapsed':
    case 'variance-exploded':
      return spreadWords(column, change);
    case 'became-constant':
      return `${column} is constant: every value is ${measure(change.value)}`;
    case 'mass-at-value':
      return massWords(column, change);
    case 'median-moved':
      return medianWords(isFirst ? ` of ${column}` : '', change);
    case 'tail-grew':
    case 'tail-shrank':
      return tailWords(column, change);
    case 'out-of-range':
      return outOfRangeWords(column, change);
    case 'new-category':
      return newCategoryWords(column, change);
    case 'vanished-category':
      return `${column} lost ${quoted(change.name)} (${percent(change.baselineShare)} of the baseline)`;
    case 'category-share':
      return `${quoted(change.name)} went from ${percent(change.from)} to ${percent(change.to)} of ${column}`;
    case 'case-changed':
      return caseWords(column, change);
    case 'missing-spike':
    case 'missing-fell':
      return `missing values of ${column} went from ${percent(change.baselineShare)} to ${percent(change.windowShare)} of rows`;
    case 'missing-ended':
      return `missing values of ${column} ended: ${percent(change.windowShare)} of rows, before ${percent(change.baselineShare)}`;
    case 'invalid-spike':
      return `invalid values of ${column} went from ${percent(change.baselineShare)} to ${percent(change.windowShare)} of rows`;
    case 'all-missing':
      return `${column} is missing in every row, before in ${percent(change.baselineShare)}`;
    case 'empty-spike':
      return `empty values of ${column} went from ${percent(change.baselineShare)} to ${percent(change.windowShare)} of rows`;
    case 'unseen-tokens':
      return unseenTokenWords(column, change);
    case 'length-changed':
      return wordsOf(`the length of ${column}`, change.change, true);
    case 'distribution-moved':
      return `the distribution of ${column} moved: ${effectWords(change)}`;
  }
}

function named(name: string | null): string {
  return name === null ? '' : ` (${name})`;
}

function signed(offset: number): string {
  return offset < 0 ? `−${measure(-offset)}` : `+${measure(offset)}`;
}

type OfKind<K extends ColumnChange['kind']> = Extract<ColumnChange, { kind: K }>;

function spreadWords(column: string, { kind, from, to, widthFrom, widthTo, ratio }: SpreadChanged): string {
  const verb = kind === 'variance-exploded' ? 'rose' : 'fell';
  const agreement = ratio === null || ratio === 0 ? NaN : to / from / ratio;
  if (agreement <= SAME_STORY && agreement >= 1 / SAME_STORY)
    return `the standard deviation of ${column} ${verb} ${fromTo(from, to)}${timesLabel(to / from)}`;
  const [before, now] = measures(widthFrom, widthTo);
  return `the middle 90% of ${column} spans ${now}, before ${before}${ratio === 0 ? '' : timesLabel(ratio)}`;
}

function massWords(column: string, change: OfKind<'mass-at-value'>): string {
  const { value, isExact, clipped, baselineShare, windowShare } = change;
  const label = `${isExact ? '' : 'near '}${measure(value)}`;
  if (windowShare >= COLLAPSED_SHARE) {
    const to = isExact ? 'one value' : 'nearly one value';
    return `${column} collapsed to ${to}: ${percent(windowShare)} are ${label}, before ${percent(baselineShare)}`;
  }
  const end = clipped === null ? '' : `, and none lies ${clipped} it`;
  return `${percent(windowShare)} of ${column} is ${label}, before ${percent(baselineShare)}${end}`;
}

function medianWords(ofColumn: string, { from, to, ratio }: OfKind<'median-moved'>): string {
  return `the median${ofColumn} moved ${fromTo(from, to)}${timesLabel(ratio)}`;
}

function fromTo(from: number, to: number): string {
  const [before, now] = measures(from, to);
  return `from ${before} to ${now}`;
}

function tailWords(column: string, { kind, side, baselineShare, windowShare }: TailChanged): string {
  const place =
    side === 'above' ? "above the baseline's 95th percentile" : "at or below the baseline's 5th percentile";
  const words = `${percent(windowShare)} of ${column} is ${place}`;
  if (windowShare === 0) return `no value of ${column} is ${place}, before ${percent(baselineShare)}`;
  return kind === 'tail-grew' ? words : `only ${words}, before ${percent(baselineShare)}`;
}

function outOfRangeWords(
  column: string,
  { side, share, belowShare, aboveShare, ...range }: OutOfRange,
): string {
  const [min, max] = measures(range.baselineMin, range.baselineMax);
  const start = `${percent(share)} of rows have ${column}`;
  if (side === 'below') return `${start} below the baseline's minimum of ${min}`;
  if (side === 'above') return `${start} above the baseline's maximum of ${max}`;
  const parts = `${percent(belowShare)} below, ${percent(aboveShare)} above`;
  return `${start} outside the baseline's range, ${min} to ${max}: ${parts}`;
}

function newCategoryWords(column: string, { names, distinctCount, share }: NewCategory): string {
  const shown = names.slice(0, MAX_NAMES).map((value) => `${quoted(value.name)} ${percent(value.share)}`);
  const list = shown.length === 0 ? '' : `: ${shown.join(', ')}${more(distinctCount, shown.length)}`;
  return `${percent(share)} of ${column} is new${list}`;
}

function unseenTokenWords(column: string, change: OfKind<'unseen-tokens'>): string {
  const shown = change.names
    .slice(0, MAX_NAMES)
    .map(({ name, share }) => `${quoted(name)} ${percent(share)}`);
  const list = shown.length === 0 ? '' : `: ${shown.join(', ')}`;
  const shares = `${percent(change.windowShare)} of the words of ${column} are new, ${percent(change.baselineShare)} expected`;
  return `${shares}${list}`;
}

function more(distinctCount: number | null, shown: number): string {
  if (distinctCount === null) return ' and about 100 or more others';
  return distinctCount > shown ? ` and ${distinctCount - shown} more` : '';
}

function effectWords({ effect, value }: OfKind<'distribution-moved'>): string {
  switch (effect) {
    case 'psi':
      return `PSI ${ratioLabel(value)}`;
    case 'ks':
      return `D ${ratioLabel(value)}`;
    case 'tails':
      return `${percent(value)} of values entered or left a tail`;
    case 'lInfinity':
      return `one share changed by ${ratioLabel(100 * value)} points`;
  }
}

const DIFFERENCES: Record<CaseChanged['difference'], string> = {
  case: 'in case',
  blanks: 'in surrounding blanks',
  'case-and-blanks': 'in case or surrounding blanks',
  'unicode-form': 'in the Unicode form of characters',
  spelling: 'in case, surrounding blanks or the Unicode form of characters',
};

function caseWords(column: string, { difference, values, distinctCount, share }: CaseChanged): string {
  const shown = values.slice(0, MAX_NAMES).map(({ from, to }) => `${quoted(to)} for ${quoted(from)}`);
  return `${percent(share)} of ${column} differs only ${DIFFERENCES[difference]} from known values: ${shown.join(', ')}${more(distinctCount, shown.length)}`;
}
