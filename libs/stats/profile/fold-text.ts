import { flatCopy } from '../grid/flat-copy.js';
import type { TextGrid } from '../grid/grid.js';
import { isBlank, tokensOf } from '../grid/text-grid.js';
import { placesOf } from './fold-categorical.js';
import { foldNumeric } from './fold-numeric.js';
import type { TextProfile } from './profile.js';
import { recordValue } from './space-saving.js';

/** Counts texts into the profile: lengths, blank ones, unseen tokens; null is missing. Some 100 ns a token. */
export function foldText(
  profile: TextProfile,
  { lengths: lengthGrid, vocabulary }: TextGrid,
  values: readonly (string | null)[],
): void {
  const known = placesOf(vocabulary);
  const lengths = new Float64Array(values.length);
  let texts = 0;
  for (const value of values) {
    if (value === null) continue;
    lengths[texts++] = value.length;
    if (isBlank(value)) profile.emptyCount++;
    foldTokens(profile, known, tokensOf(value));
  }
  foldNumeric(profile.lengths, lengthGrid, lengths.subarray(0, texts));
  profile.count += texts;
  profile.missingCount += values.length - texts;
}

function foldTokens(
  profile: TextProfile,
  known: ReadonlyMap<string, number>,
  tokens: readonly string[],
): void {
  let unseen = 0;
  for (const token of tokens) {
    if (known.has(token)) continue;
    unseen++;
    // A token is a view of its text, which the summary must not keep alive.
    const isKept = profile.unseenTokens.index.has(token);
    recordValue(profile.unseenTokens, isKept ? token : flatCopy(token));
  }
  profile.tokenCount += tokens.length;
  profile.unseenTokenCount += unseen;
  profile.unseenSquared += unseen * unseen;
  profile.unseenByTokens += unseen * tokens.length;
  profile.tokensSquared += tokens.length * tokens.length;
}
