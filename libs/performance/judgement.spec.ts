import { describe, expect, it } from '@jest/globals';
import { judge } from './judgement.js';

const DAY = 86_400_000;
const END = Date.UTC(2026, 10, 25);
const SETTINGS = { minLabelledRows: 100, minLabelledShare: 0.5, deadlineMs: 7 * DAY };

describe('a window is judged', () => {
  it.each<[when: string, predicted: number, labelled: number, days: number, status: string, reason: string]>([
    ['when enough rows are labelled, at once', 200, 100, 0, 'judged', 'enough-labelled-rows'],
    ['not with too few rows', 99, 99, 0, 'waiting', 'too-few-labelled-rows'],
    ['not with too small a share of them', 1_000, 499, 0, 'waiting', 'too-few-labelled-rows'],
    ['not a moment before the deadline', 99, 99, 6.99, 'waiting', 'too-few-labelled-rows'],
    ['at the deadline, with what has come', 1_000, 1, 7, 'judged', 'deadline-passed'],
    ['by its rows also after the deadline', 200, 150, 30, 'judged', 'enough-labelled-rows'],
    ['never without ground truth', 1_000, 0, 7, 'unlabelled', 'no-ground-truth'],
    ['never without predictions', 0, 0, 7, 'unlabelled', 'no-ground-truth'],
  ])('%s', (_, predictedCount, labelledCount, days, status, reason) => {
    const labelling = { windowEnd: END, predictedCount, labelledCount };
    expect(judge(labelling, SETTINGS, END + days * DAY)).toEqual({ status, reason });
  });

  it('with a share of 0, by its number of rows alone', () => {
    const labelling = { windowEnd: END, predictedCount: 1e6, labelledCount: 100 };
    expect(judge(labelling, { ...SETTINGS, minLabelledShare: 0 }, END).status).toBe('judged');
  });
});
