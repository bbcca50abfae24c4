import type { TextGrid } from '../grid/grid.js';
import type { TextProfile } from '../profile/profile.js';
import type { Occurrences } from './occurrences.js';

/**
 * Unseen tokens of a window against those that new texts of the baseline's kind would hold; null without tokens.
 *
 * Tokens of one text come together, so both sides are divided by the design effect of texts as clusters, or by that of
 * the windows (`windowEffect`) where it is larger. The baseline's own effect is taken to be the window's.
 */
export function unseenTokenOccurrences(
  { tokenCount: n, expectedUnseenCount }: TextGrid,
  window: TextProfile,
  windowEffect: number,
): Occurrences | null {
  const { tokenCount: m, unseenTokenCount } = window;
  if (n === 0 || m === 0) return null;
  const effect = textEffect(window);
  const ofWindow = Math.max(effect, windowEffect);
  return { x: expectedUnseenCount / effect, n: n / effect, y: unseenTokenCount / ofWindow, m: m / ofWindow };
}

/**
 * The design effect of unseen tokens with texts as clusters, at least 1: Σ(u − q·t)²/(q(1 − q)·Σt), for a text with t
 * tokens, u of them unseen. Where every token is unseen, or none, it is that of texts which are wholly so: Σt²/Σt.
 * Source: Kish (1965), "Survey sampling", 8.2.
 */
function textEffect(window: TextProfile): number {
  const { tokenCount, unseenTokenCount, unseenSquared, unseenByTokens, tokensSquared } = window;
  const q = unseenTokenCount / tokenCount;
  const between = unseenSquared - 2 * q * unseenByTokens + q * q * tokensSquared;
  const effect = q > 0 && q < 1 ? between / (q * (1 - q) * tokenCount) : tokensSquared / tokenCount;
  return Math.max(1, effect);
}
