import { categoryKey } from '../grid/category-key.js';
import { checkNumeric, total } from './numeric-summary-problems.js';
import type {
  CategoricalColumnSummary,
  CountedValue,
  NamedColumnSummary,
  ProfileSummary,
  SummaryProblem,
  TextColumnSummary,
} from './profile-summary.js';

type Say = (field: string, message: string) => void;

/**
 * Everything in a summary that cannot be of any rows: edges that do not increase, counts that do not add up, sums outside of their
 * cells. Numbers must be finite, and counts whole and from 0 on, already.
 */
export function summaryProblems({ rowCount, columns }: ProfileSummary): SummaryProblem[] {
  const problems: SummaryProblem[] = [];
  const names = new Set<string>();
  columns.forEach((column, index) => {
    const say: Say = (field, message) =>
      problems.push({ path: ['columns', index, ...field.split('/').filter((part) => part !== '')], message });
    if (names.has(column.name)) say('name', `the column ${JSON.stringify(column.name)} stands twice`);
    names.add(column.name);
    checkColumn(column, say);
    const rows = valueCountOf(column) + column.missingCount + column.invalidCount;
    if (rows !== rowCount)
      say('', `its values, missing and invalid cells make ${rows} rows, and rowCount is ${rowCount}`);
  });
  return problems;
}

function checkColumn(column: NamedColumnSummary, say: Say): void {
  switch (column.kind) {
    case 'numeric':
      return checkNumeric(column, say);
    case 'categorical':
      return checkCategorical(column, say);
    case 'text':
      return checkText(column, say);
  }
}

/** How many values a column has, as its counts say. */
export function valueCountOf(column: NamedColumnSummary): number {
  switch (column.kind) {
    case 'numeric':
      return total(column.counts);
    case 'categorical':
      return total(column.categories.map(({ count }) => count)) + column.otherCount;
    case 'text':
      return total(column.lengths.counts);
  }
}

function checkCategorical({ categories, otherCount, unlisted }: CategoricalColumnSummary, say: Say): void {
  refuseRepeated('categories', [...categories, ...unlisted], say);
  const least = categories.reduce((smallest, { count }) => Math.min(smallest, count), Infinity);
  if (categories.some(({ count }) => count === 0)) say('categories', 'has one that never came');
  if (unlisted.some(({ count }) => count > least))
    say('unlisted', 'has one that came more often than a category');
  if (total(unlisted.map(({ count }) => count)) > otherCount)
    say('unlisted', `counts more values than otherCount, which is ${otherCount}`);
}

function checkText(text: TextColumnSummary, say: Say): void {
  checkNumeric(text.lengths, (field, message) => say(`lengths/${field}`, message));
  refuseRepeated(
    'vocabulary',
    [...text.vocabulary.map((value) => ({ value, count: 1 })), ...text.unseenTokens],
    say,
  );
  const { tokenCount, unseenTokenCount, unseenSquared, unseenByTokens, tokensSquared } = text;
  if (text.emptyCount > valueCountOf(text)) say('emptyCount', 'is more than there are texts');
  if (text.expectedUnseenCount > tokenCount) say('expectedUnseenCount', 'is more than tokenCount');
  if (tokenCount - unseenTokenCount < text.vocabulary.length)
    say('tokenCount', 'leaves fewer tokens than the vocabulary has');
  const ordered = [unseenTokenCount, unseenSquared, unseenByTokens, tokensSquared];
  if (ordered.some((value, i) => i > 0 && value < ordered[i - 1]!))
    say('unseenSquared', 'must hold unseenTokenCount ≤ unseenSquared ≤ unseenByTokens ≤ tokensSquared');
}

function refuseRepeated(field: string, values: readonly CountedValue[], say: Say): void {
  const seen = new Set<string>();
  for (const { value } of values) {
    const key = categoryKey(value);
    if (seen.has(key)) return say(field, `${JSON.stringify(value)} stands twice`);
    seen.add(key);
  }
}
