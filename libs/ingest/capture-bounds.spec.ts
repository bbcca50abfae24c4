import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CaptureBounds, type CapturedRow } from './capture-bounds.js';

const K = 3;
const row = (rank: number): CapturedRow => ({
  versionId: '1',
  part: 'whole' as const,
  start: 0,
  inferenceId: String(rank),
  callScope: '',
  eventAt: 0,
  sampleRank: rank,
  maxRows: K,
  values: {},
});
const ranks = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 }), {
  maxLength: 10,
});

describe('CaptureBounds', () => {
  it('stores at least the k smallest ranks of a window, whatever the commits they come in', () => {
    fc.assert(
      fc.property(ranks, (commits) => {
        const bounds = new CaptureBounds();
        const stored: number[] = [];
        for (const commit of commits) {
          const selected = bounds.select(commit.map(row), K);
          expect(selected.length).toBeLessThanOrEqual(K);
          bounds.learn(selected);
          stored.push(...selected.map(({ sampleRank }) => sampleRank));
        }
        const smallest = commits
          .flat()
          .sort((a, b) => a - b)
          .slice(0, K);
        expect(stored.sort((a, b) => a - b).slice(0, K)).toEqual(smallest);
      }),
    );
  });

  it('stores ever fewer rows of a window as it learns its bound', () => {
    const bounds = new CaptureBounds();
    const commit = (from: number): CapturedRow[] => {
      const selected = bounds.select([from, from + 0.01, from + 0.02].map(row), K);
      bounds.learn(selected);
      return selected;
    };
    expect([commit(0.1), commit(0.5), commit(0.05)].map(({ length }) => length)).toEqual([3, 0, 3]);
  });

  it('does not rest on rows that were selected and not stored', () => {
    const bounds = new CaptureBounds();
    bounds.select([0, 0.1, 0.2].map(row), K);
    expect(bounds.select([0.5].map(row), K)).toHaveLength(1);
  });
});
