import { describe, expect, it } from '@jest/globals';
import type { PayloadPart } from '#payloads';
import { RateCeiling } from './rate-ceiling.js';

/** What is kept of so many rows a second for some seconds, second by second, in payloads of this size. */
function keptOf(
  perSecond: number,
  seconds: number,
  size = 1,
  parts: readonly PayloadPart[] = ['whole'],
): number[] {
  const ceiling = new RateCeiling();
  const payloads = perSecond / size;
  return Array.from({ length: seconds }, (_, second) => {
    let kept = 0;
    for (let index = 0; index < payloads; index += 1) {
      const now = 1_000 * second + Math.floor((1_000 * index) / payloads);
      for (const part of parts) {
        const share = ceiling.shareFor(size, part, { maxRowsPerSecond: 100, now });
        if (part === parts[0]) kept += size * share;
      }
    }
    return kept;
  });
}

describe('a ceiling of 100 rows a second', () => {
  it.each([1, 50, 99, 100])('takes all of %d rows a second', (rate) => {
    expect(keptOf(rate, 5)).toEqual(new Array(5).fill(rate));
  });

  it.each([
    [101, 1],
    [1_000, 1],
    [1_000, 100],
    [10_000, 1],
    [10_000, 1_000],
    [10_000, 10_000],
  ])(
    'takes at most a tenth more of %d rows a second in payloads of %d, from the first second on',
    (rate, size) => {
      const kept = keptOf(rate, 5, size);
      for (const each of kept) expect(each).toBeLessThanOrEqual(110);
      for (const each of kept) expect(each).toBeGreaterThanOrEqual(50);
    },
  );

  it('counts an inference once whose halves come apart', () => {
    expect(keptOf(60, 5, 1, ['request', 'response'])).toEqual(new Array(5).fill(60));
    expect(keptOf(60, 5, 1, ['response'])).toEqual(new Array(5).fill(60));
  });

  it('gives a response the share of its request, in a steady second', () => {
    const ceiling = new RateCeiling();
    const shares = { request: [] as number[], response: [] as number[] };
    for (let at = 0; at < 5_000; at += 1)
      for (const part of ['request', 'response'] as const)
        shares[part].push(ceiling.shareFor(1, part, { maxRowsPerSecond: 100, now: at }));
    expect(shares.response.slice(1_000)).toEqual(shares.request.slice(1_000));
    expect(new Set(shares.request.slice(1_000))).toEqual(new Set([0.0625]));
  });

  it('takes all again once fewer come', () => {
    const ceiling = new RateCeiling();
    const share = (count: number, now: number): number =>
      ceiling.shareFor(count, 'whole', { maxRowsPerSecond: 100, now });
    expect(share(1_000, 0)).toBeLessThan(0.2);
    expect(share(10, 1_000)).toBe(0.0625);
    expect(share(10, 2_000)).toBe(1);
    expect(share(10, 10_000)).toBe(1);
    // A clock that was set back begins anew.
    expect(share(10, 0)).toBe(1);
  });
});
