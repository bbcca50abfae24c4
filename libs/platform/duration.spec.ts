import { describe, expect, it } from '@jest/globals';
import { durationMs, durationSchema } from './duration.js';

describe('durationMs', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('reads %s as %d ms', (text, expected) => expect(durationMs(text)).toBe(expected));

  it.each(['', '5', 's', '5 m', '-1s', '1.5h', '5x'])('refuses %j', (text) => {
    expect(() => durationMs(text)).toThrow(RangeError);
    expect(durationSchema.safeParse(text).success).toBe(false);
  });

  it('is not longer than ten years', () => {
    expect(durationSchema.safeParse('3650d').success).toBe(true);
    expect(durationSchema.safeParse('3651d').success).toBe(false);
    expect(durationSchema.safeParse(`${'9'.repeat(400)}d`).success).toBe(false);
  });
});
