import type { CaseChanged, Respelling } from './column-change.js';

/** What a value and its respellings have in common: no surrounding blanks, compatible forms, lower case. */
export function plainSpelling(value: string): string {
  return value.normalize('NFKC').trim().toLowerCase();
}

/** The place of each category by its plain spelling; of those with one spelling the first, which is the most frequent. */
export function placesBySpelling(categories: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  categories.forEach((category, place) => {
    const plain = plainSpelling(category);
    if (plain !== '' && !places.has(plain)) places.set(plain, place);
  });
  return places;
}

/** What sets the new spellings apart from the known ones, all together. */
export function differenceOf(values: readonly Respelling[]): CaseChanged['difference'] {
  const isForm = values.some(({ from, to }) => lowerTrimmed(from) !== lowerTrimmed(to));
  const isCase = values.some(({ from, to }) => compatible(from) !== compatible(to));
  const isBlanks = values.some(({ from, to }) => hasBlanks(from) !== hasBlanks(to));
  if (isForm) return isCase || isBlanks ? 'spelling' : 'unicode-form';
  if (isCase) return isBlanks ? 'case-and-blanks' : 'case';
  return 'blanks';
}

/** Without differences in case or surrounding blanks, so that what is left to differ is the form of characters. */
function lowerTrimmed(value: string): string {
  return value.trim().toLowerCase();
}

/** Without differences in form or surrounding blanks, so that what is left to differ is case. */
function compatible(value: string): string {
  return value.normalize('NFKC').trim();
}

function hasBlanks(text: string): boolean {
  return text !== text.trim();
}
