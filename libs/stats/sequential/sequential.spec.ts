import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ridits, ScoreEvidence } from './score-evidence.js';
import { ShareEvidence } from './share-evidence.js';
import { meanEvidence, TiltedEvidence } from './tilts.js';

/** C(n, k) as a double: exact for the sizes here. */
function choose(n: number, k: number): number {
  let product = 1;
  for (let i = 1; i <= k; i++) product = (product * (n - k + i)) / i;
  return Math.round(product);
}

/** E e^nats of one step without a difference: over all ways in which `events` of n + m rows fall on the second group. */
function meanShareFactor(direction: 'rise' | 'fall', n: number, m: number, events: number): number {
  let mean = 0;
  for (let y = Math.max(0, events - n); y <= Math.min(events, m); y++) {
    const evidence = new ShareEvidence(direction);
    evidence.add(events - y, n, y, m);
    mean += (choose(m, y) * choose(n, events - y) * Math.exp(evidence.nats)) / choose(n + m, events);
  }
  return mean;
}

/** E e^nats of one step of scores: over all ways in which the rows of both groups together may be dealt to the second. */
function meanScoreFactor(direction: 'higher' | 'lower', pooled: readonly number[], m: number): number {
  let mean = 0;
  const total = pooled.reduce((sum, count) => sum + count, 0);
  const deal = (cell: number, left: number, dealt: readonly number[]): void => {
    if (cell === pooled.length) {
      if (left > 0) return;
      const first = pooled.map((count, k) => count - (dealt[k] ?? 0));
      const evidence = new ScoreEvidence(direction);
      evidence.add(ridits(first, dealt), first, dealt);
      const ways = dealt.reduce((product, count, k) => product * choose(pooled[k] ?? 0, count), 1);
      mean += (ways * Math.exp(evidence.nats)) / choose(total, m);
      return;
    }
    for (let count = 0; count <= Math.min(left, pooled[cell] ?? 0); count++)
      deal(cell + 1, left - count, [...dealt, count]);
  };
  deal(0, m, []);
  return mean;
}

const size = fc.integer({ min: 1, max: 12 });
/** Of sums of up to a few hundred products. */
const ROUNDING = 1e-9;

describe('evidence of a share', () => {
  it('has a mean of at most 1 in every step without a difference, by enumeration, so that looks do not matter', () => {
    fc.assert(
      fc.property(
        size,
        size,
        fc.nat(24),
        fc.constantFrom('rise' as const, 'fall' as const),
        (n, m, events, direction) => {
          fc.pre(events <= n + m);
          expect(meanShareFactor(direction, n, m, events)).toBeLessThanOrEqual(1 + ROUNDING);
        },
      ),
    );
  });

  it('is close to 1 for rare events, so that little is given away', () => {
    expect(meanShareFactor('rise', 90, 10, 2)).toBeGreaterThan(0.99);
  });

  it('is what the formula says: one step, by hand', () => {
    // 3 of 10 against 0 of 90: e^(λ·3)/(1 + 0.1·(e^λ − 1))^3, averaged over the six tilts.
    const evidence = new ShareEvidence('rise');
    evidence.add(0, 90, 3, 10);
    const factors = [0.2, 0.4, 0.7, 1.1, 1.6, 2.3].map(
      (tilt) => (Math.exp(tilt) / (0.9 + 0.1 * Math.exp(tilt))) ** 3,
    );
    expect(evidence.nats).toBeCloseTo(Math.log(factors.reduce((sum, factor) => sum + factor, 0) / 6), 12);
  });

  it('adds up over steps, and does not care about what changes between them', () => {
    const evidence = new ShareEvidence('rise');
    for (let step = 0; step < 30; step++) evidence.add(5 * step, 900, step, 180);
    // Many more errors later on, with the same share in both groups.
    expect(evidence.nats).toBeLessThan(0);
  });

  it('rises for the direction it looks for, and falls for the other', () => {
    const [rise, fall] = [new ShareEvidence('rise'), new ShareEvidence('fall')];
    for (const evidence of [rise, fall]) evidence.add(10, 1_000, 60, 1_000);
    expect(rise.nats).toBeGreaterThan(Math.log(1e6));
    expect(fall.nats).toBeLessThan(0);
  });

  it.each([
    ['no events', 0, 10, 0, 10],
    ['nothing but events', 10, 10, 10, 10],
    ['an empty first group', 0, 0, 3, 10],
    ['an empty second group', 3, 10, 0, 0],
    ['NaN', NaN, 10, 3, 10],
  ])('says nothing of %s', (_name, x, n, y, m) => {
    const evidence = new ShareEvidence('rise');
    evidence.add(x, n, y, m);
    expect(evidence.nats).toBe(0);
  });
});

describe('evidence of scores', () => {
  it('has a mean of at most 1 in every step without a difference, by enumeration', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(4), { minLength: 2, maxLength: 4 }),
        fc.nat(16),
        fc.constantFrom('higher' as const, 'lower' as const),
        (pooled, m, direction) => {
          fc.pre(m > 0 && m < pooled.reduce((sum, count) => sum + count, 0));
          expect(meanScoreFactor(direction, pooled, m)).toBeLessThanOrEqual(1 + ROUNDING);
        },
      ),
    );
  });

  it('rises where the second group is higher, and not where it is lower', () => {
    const [first, second] = [
      [100, 100, 100],
      [50, 100, 150],
    ];
    const [higher, lower] = [new ScoreEvidence('higher'), new ScoreEvidence('lower')];
    for (const evidence of [higher, lower]) evidence.add(ridits(first, second), first, second);
    expect(higher.nats).toBeGreaterThan(3);
    expect(lower.nats).toBeLessThan(0);
  });

  it('refuses cells that are not those of the scores', () => {
    expect(() => new ScoreEvidence('higher').add([0, 1], [1], [1])).toThrow(RangeError);
  });
});

describe('ridits', () => {
  it('have a mean of 0 over all rows, and lie between −½ and ½', () => {
    const cells = fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(cells, (pairs) => {
        const [first, second] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const scores = ridits(first, second);
        const sum = pairs.reduce((total, [a, b], k) => total + (a + b) * scores[k]!, 0);
        expect(Math.abs(sum)).toBeLessThan(1e-9);
        expect([...scores].every((score) => Math.abs(score) <= 0.5)).toBe(true);
      }),
    );
  });
});

describe('the average of evidence', () => {
  it('does not overflow, and is −Infinity of nothing', () => {
    expect(meanEvidence([5_000, 5_000])).toBe(5_000);
    expect(meanEvidence([0, 1_000])).toBeCloseTo(1_000 - Math.LN2, 9);
    expect(meanEvidence([])).toBe(-Infinity);
  });

  it('needs finite tilts', () => {
    expect(() => new TiltedEvidence([])).toThrow(RangeError);
    expect(() => new TiltedEvidence([NaN])).toThrow(RangeError);
  });
});
