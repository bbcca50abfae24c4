import { categoryKey } from './category-key.js';
import type { NumericGrid, TextGrid } from './grid.js';
import { numericGrid } from './numeric-grid.js';
import { sortFloat64 } from './radix-sort.js';
import { type RankedTokens, TokenUses } from './token-uses.js';

const TOKEN = /[\p{L}\p{N}]+/gu;

/**
 * The tokens of a text: runs of letters and digits, in lower case, cut like categories at 256 code units.
 *
 * In scripts without spaces a run between punctuation is one token, so most are unseen in baseline and window alike.
 */
export function tokensOf(text: string): string[] {
  return (text.toLowerCase().match(TOKEN) ?? []).map(categoryKey);
}

/** Whether a text holds nothing but blanks. */
export function isBlank(text: string): boolean {
  return text.trim() === '';
}

/**
 * The grid of a text column from its baseline values; nulls are left out.
 *
 * It does not depend on the order of texts while at most 200,000 tokens are distinct (see `TokenUses`). Memory: that of
 * the tokens, and a number a text.
 */
export function textGrid(values: readonly (string | null)[]): TextGrid {
  const lengths = new Float64Array(values.length);
  const uses = new TokenUses();
  let texts = 0;
  for (const value of values) {
    if (value === null) continue;
    lengths[texts++] = value.length;
    uses.recordText(tokensOf(value));
  }
  sortFloat64(lengths, texts);
  return textGridOf(numericGrid(lengths.subarray(0, texts)), uses.ranked());
}

/** The grid of texts whose lengths have this grid and whose tokens are ranked. */
export function textGridOf(
  lengths: NumericGrid,
  { vocabulary, tokenCount, expectedUnseenCount }: RankedTokens,
): TextGrid {
  return {
    kind: 'text',
    lengths,
    vocabulary: vocabulary.map(({ key }) => key),
    tokenCount,
    expectedUnseenCount,
  };
}
