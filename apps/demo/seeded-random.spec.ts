import { describe, expect, it } from '@jest/globals';
import { seededRandom, shuffledIndices } from './seeded-random.js';

describe('seeded random numbers', () => {
  it('are the same for the same seed, and others for another', () => {
    const draw = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 5 }, () => random());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('lie in [0, 1) and fill it evenly', () => {
    const random = seededRandom(1);
    const draws = Array.from({ length: 100_000 }, () => random());
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
    // Five standard errors of the share of a fair coin over 100,000 throws.
    const tolerance = (5 * 0.5) / Math.sqrt(draws.length);
    expect(Math.abs(draws.filter((draw) => draw < 0.5).length / draws.length - 0.5)).toBeLessThan(tolerance);
  });

  it('shuffle every index exactly once', () => {
    const shuffled = shuffledIndices(1_000, seededRandom(3));
    expect([...shuffled]).not.toEqual([...shuffled].sort((a, b) => a - b));
    expect([...shuffled].sort((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });
});
