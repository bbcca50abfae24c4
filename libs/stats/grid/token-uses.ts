import { type CountedCategory, FrequentCategories } from './stream/frequent-categories.js';

/** Tokens counted as known: 10,000 cover about 95% of running text in one language, in some 100 KB a baseline. */
export const MAX_VOCABULARY = 10_000;
/** Distinct tokens followed while a baseline is read, 25 MB of words; half of them certify counts to 1/100,001. */
const MAX_TRACKED_TOKENS = 200_000;

/** The tokens of a set of texts, split into what a grid knows and the rest, each most frequent first. */
export interface RankedTokens {
  readonly vocabulary: readonly CountedCategory[];
  readonly others: readonly CountedCategory[];
  /** All tokens; exact. */
  readonly tokenCount: number;
  /** Tokens outside the vocabulary or in a single text only. */
  readonly expectedUnseenCount: number;
}

/**
 * How often the tokens of a set of texts were used, in bounded memory.
 *
 * Exact up to 200,000 distinct tokens, in whatever order and however merged. Beyond, counts are those of
 * `FrequentCategories`: never too high, too low by at most `errorBound`, and dependent on the order of texts;
 * the vocabulary may then hold fewer than 10,000, and `expectedUnseenCount` is, if anything, too high.
 * Memory: 25 MB of words, 45 MB of identifiers, 130 MB at worst.
 */
export class TokenUses {
  private readonly uses = new FrequentCategories(MAX_TRACKED_TOKENS);
  private textCount = 0;

  /** How many tokens were recorded; exact. */
  get tokenCount(): number {
    return this.uses.total;
  }

  /** How much too low a token's count may be; 0 while exact, at most tokenCount/100,001. */
  get errorBound(): number {
    return this.uses.errorBound;
  }

  /** Bytes held, tokens at two bytes a code unit. */
  get approximateBytes(): number {
    return this.uses.approximateBytes;
  }

  /** Records the tokens of one text. */
  recordText(tokens: readonly string[]): void {
    this.textCount++;
    for (const token of tokens) this.uses.record(token, this.textCount);
  }

  /** Adds all that `other` recorded; it stays as it is. Their texts are different ones. */
  merge(other: TokenUses): void {
    this.uses.merge(other.uses);
    this.textCount += other.textCount;
  }

  /** The tokens by frequency; seen from any one text, those that no other text holds would be unseen (Good 1953). */
  ranked(): RankedTokens {
    const ranked = this.uses.byFrequency();
    const vocabulary = ranked.slice(0, MAX_VOCABULARY);
    let seen = 0;
    for (const { count, isInSeveralTexts } of vocabulary) if (isInSeveralTexts) seen += count;
    return {
      vocabulary,
      others: ranked.slice(MAX_VOCABULARY),
      tokenCount: this.tokenCount,
      expectedUnseenCount: this.tokenCount - seen,
    };
  }
}
