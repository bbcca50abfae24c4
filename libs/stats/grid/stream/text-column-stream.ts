import type { TextProfile } from '../../profile/profile.js';
import type { TextGrid } from '../grid.js';
import { isBlank, textGridOf, tokensOf } from '../text-grid.js';
import { type RankedTokens, TokenUses } from '../token-uses.js';
import { NumericColumnStream } from './numeric-column-stream.js';
import { unlistedSummary } from './unlisted-summary.js';

/**
 * A text column of a stream: its lengths as a numeric column, and how often each token was used.
 *
 * Which tokens are unseen is known only at the end, when the texts are gone. None is while at most 10,000 are distinct;
 * beyond, `unseenTokenCount` is exact while `TokenUses` is, and else too high if anything; how unseen tokens cluster in
 * texts is an upper estimate (see `unseenTokensOf`). Memory: that of the sketch and of `TokenUses`. Cost: 200 ns a token.
 */
export class TextColumnStream {
  readonly kind = 'text';
  missingCount = 0;
  invalidCount = 0;
  private readonly lengths: NumericColumnStream;
  private readonly uses = new TokenUses();
  private emptyCount = 0;
  private tokensSquared = 0;

  /** @throws RangeError if the size is none that a sketch can have */
  constructor(bufferSize: number) {
    this.lengths = new NumericColumnStream(bufferSize);
  }

  /** How many texts were folded. */
  get count(): number {
    return this.lengths.count;
  }

  /** Bytes of the sketch of lengths and of the tokens. */
  get approximateBytes(): number {
    return this.lengths.approximateBytes + this.uses.approximateBytes;
  }

  /** Folds cells; null is missing. */
  fold(values: readonly (string | null)[]): void {
    const lengths = new Float64Array(values.length);
    let texts = 0;
    for (const value of values) {
      if (value === null) continue;
      lengths[texts++] = value.length;
      if (isBlank(value)) this.emptyCount++;
      const tokens = tokensOf(value);
      this.tokensSquared += tokens.length * tokens.length;
      this.uses.recordText(tokens);
    }
    this.lengths.fold(lengths.subarray(0, texts));
    this.missingCount += values.length - texts;
  }

  /** Adds what another stream knows about the column. @throws RangeError if the buffers differ in size */
  merge(other: TextColumnStream): void {
    this.lengths.merge(other.lengths);
    this.uses.merge(other.uses);
    this.emptyCount += other.emptyCount;
    this.tokensSquared += other.tokensSquared;
    this.missingCount += other.missingCount;
    this.invalidCount += other.invalidCount;
  }

  /**
   * The grid of the texts, and their profile on it. `rankError` is the larger of two: that of the lengths, a share of
   * `count`, and how much too low a token's count may be, a share of `tokenCount`.
   */
  finish(): { grid: TextGrid; profile: TextProfile; rankError: number } {
    const { grid: lengthGrid, profile: lengths } = this.lengths.finish();
    const ranked = this.uses.ranked();
    const { count, missingCount, invalidCount, emptyCount, tokensSquared } = this;
    const { tokenCount, others } = ranked;
    const tokenError = tokenCount === 0 ? 0 : this.uses.errorBound / tokenCount;
    return {
      grid: textGridOf(lengthGrid, ranked),
      profile: {
        kind: 'text',
        ...{ lengths, unseenTokens: unlistedSummary(others), emptyCount, tokenCount },
        ...{ ...unseenTokensOf(ranked, tokensSquared), tokensSquared, count, missingCount, invalidCount },
      },
      rankError: Math.max(lengths.rankError, tokenError),
    };
  }
}

/**
 * The tokens outside the vocabulary, and how they cluster if whole texts were unseen, of every length alike.
 *
 * Σu² and Σut are then both q·Σt² for the unseen share q, and the design effect is Σt²/Σt: the most that texts can give
 * where length does not tell which tokens are unseen, so that no change is called certain that is not; independent ones
 * would have 1. Rounded, since the exact sums are whole numbers too; Σu ≤ Σu² ≤ Σut ≤ Σt² holds as it does for those.
 */
function unseenTokensOf(
  { vocabulary, tokenCount }: RankedTokens,
  tokensSquared: number,
): Pick<TextProfile, 'unseenTokenCount' | 'unseenSquared' | 'unseenByTokens'> {
  const unseenTokenCount = vocabulary.reduce((rest, { count }) => rest - count, tokenCount);
  const clustered = unseenTokenCount === 0 ? 0 : Math.round((unseenTokenCount / tokenCount) * tokensSquared);
  return { unseenTokenCount, unseenSquared: clustered, unseenByTokens: clustered };
}
