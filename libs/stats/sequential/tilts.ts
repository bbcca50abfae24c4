/**
 * Evidence that is collected at several strengths of the alternative at once, as natural logarithms.
 *
 * Each strength has a product of factors whose mean without an effect is at most 1. So has their average, and by Ville's inequality
 * it reaches 1/alpha at any time with a probability of at most alpha: it may be looked at as often as one likes.
 * Source: Ville (1939); Robbins (1970), "Statistical methods related to the law of the iterated logarithm", for the mixture;
 * Ramdas, Grünwald, Vovk and Shafer (2023), "Game-theoretic statistics and safe anytime-valid inference", sections 2 and 3.
 */
export class TiltedEvidence {
  private readonly logs: Float64Array;

  /** @throws RangeError without any tilt, or when one is not finite */
  constructor(private readonly tilts: readonly number[]) {
    if (tilts.length === 0 || !tilts.every(Number.isFinite))
      throw new RangeError(`evidence needs finite tilts, not [${tilts.join(', ')}]`);
    this.logs = new Float64Array(tilts.length);
  }

  /** Multiplies the product of each tilt by the factor whose logarithm is given. */
  multiply(logFactor: (tilt: number) => number): void {
    this.tilts.forEach((tilt, i) => (this.logs[i]! += logFactor(tilt)));
  }

  /** ln of the average of the products: 0 without data; ln(1/alpha) and more is significant at alpha, whenever it is looked at. */
  get nats(): number {
    return meanEvidence(this.logs);
  }
}

/**
 * ln of the mean of e^x over the given logarithms: the evidence of several questions that are asked together, each with the same weight.
 *
 * −Infinity for none. Nothing overflows: e^x is taken relative to the largest.
 */
export function meanEvidence(logs: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let i = 0; i < logs.length; i++) largest = Math.max(largest, logs[i]!);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = 0; i < logs.length; i++) sum += Math.exp(logs[i]! - largest);
  return largest + Math.log(sum / logs.length);
}
