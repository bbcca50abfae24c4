import { describe, expect, it } from '@jest/globals';
import { joinOutcomes, splitHoldout } from './outcomes.js';

const DELAYS = new Map([
  [7, 30],
  [8, -5],
]);
const captured = (inferenceId: string) => ({
  inferenceId,
  timestamp: '2026-11-23T04:00:00Z',
  values: { distance: 2_100, origin: 'LAX', hour: 9, delay_risk: 0.2 },
});

describe('outcomes', () => {
  it('are joined to captured rows by the inference id', () => {
    const rows = joinOutcomes([captured('flight-8-2'), captured('flight-7-1')], (row) => DELAYS.get(row));
    expect(rows).toEqual({
      count: 2,
      distances: [2_100, 2_100],
      origins: ['LAX', 'LAX'],
      hours: [9, 9],
      delays: [-5, 30],
      unmatchedCount: 0,
    });
  });

  it('leave out rows that have none', () => {
    const rows = joinOutcomes(
      [captured('flight-7-1'), captured('flight-99-1'), captured('something else')],
      (row) => DELAYS.get(row),
    );
    expect(rows).toMatchObject({ count: 1, unmatchedCount: 2 });
  });

  it('are split into rows to train on and rows held out, each in one of them', () => {
    const ids = Array.from({ length: 10 }, (_, index) => captured(`flight-${index}-1`));
    const { training, holdout } = splitHoldout(joinOutcomes(ids, (row) => row));
    expect(holdout.delays).toEqual([0, 5]);
    expect(training.delays).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
  });
});
