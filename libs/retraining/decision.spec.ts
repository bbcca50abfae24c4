import { describe, expect, it } from '@jest/globals';
import { decideStart, type StartEvidence } from './decision.js';
import { mayBecome, type RunStatus } from './run-state.js';

const good: StartEvidence = {
  action: 'retrain',
  activeRunId: null,
  lastRequestedAt: null,
  capturedRowCount: 1_000,
  now: 100_000,
};
const guardrails = { cooldownMs: 60_000, minCapturedRows: 500 };

describe('decideStart', () => {
  it('starts when inputs drifted and no guardrail holds', () =>
    expect(decideStart(good, guardrails)).toEqual({ kind: 'start' }));

  it.each<[string, Partial<StartEvidence>, RegExp]>([
    ['the pipeline is broken', { action: 'fix pipeline' }, /diagnosis is "fix pipeline"/],
    ['a deployment did it', { action: 'roll back' }, /roll back/],
    ['a run is active', { activeRunId: '7' }, /run 7 .* active/],
    ['the cooldown lasts', { lastRequestedAt: 70_000 }, /another 30 s/],
    ['there are too few rows', { capturedRowCount: 499 }, /499 captured rows.* 500/],
  ])('refuses while %s, with the reason', (_name, over, reason) => {
    const decision = decideStart({ ...good, ...over }, guardrails);
    expect(decision.kind === 'refused' ? decision.reason : '').toMatch(reason);
  });
});

describe('run states', () => {
  it('has no way out of an end', () => {
    const all: RunStatus[] = [
      'refused',
      'requested',
      'submitted',
      'running',
      'succeeded',
      'failed',
      'timed-out',
    ];
    for (const end of ['refused', 'succeeded', 'failed', 'timed-out'] as const)
      expect(all.filter((to) => mayBecome(end, to))).toEqual([]);
    expect(mayBecome('requested', 'running')).toBe(true);
    expect(mayBecome('running', 'submitted')).toBe(false);
  });
});
