import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compareRollout, type ComparedRollout } from './compare-rollout.js';
import { DEFAULT_ROLLOUT_SETTINGS, RATE_PARTS, type RolloutSettings } from './rollout-settings.js';
import type { RolloutStep, ServingCounts } from './serving-counts.js';
import { HEALTHY, MINUTE, minutesOf, served, STABLE } from './steps-for-tests.js';

function judged(steps: readonly RolloutStep[], settings: Partial<RolloutSettings> = {}): ComparedRollout {
  const data = { from: 0, to: steps.length * MINUTE, stepMs: MINUTE, steps };
  return compareRollout(data, { ...DEFAULT_ROLLOUT_SETTINGS, ...settings });
}

const codesOf = ({ reasons }: ComparedRollout): string[] =>
  reasons.map(({ code, metric }) => (metric === null ? code : `${code} ${metric}`));

const outcomeOf = ({ metrics }: ComparedRollout, name: string): string | undefined =>
  metrics.find(({ metric }) => metric === name)?.outcome;

describe('the verdict on a canary', () => {
  it('is to promote one that is as good, after half an hour', () => {
    const found = judged(minutesOf(30, STABLE, HEALTHY));
    expect([found.verdict, codesOf(found)]).toEqual(['promote', ['no-harm']]);
    // Of p95 and of the body three buckets say too little; neither is required.
    expect(found.metrics.map(({ outcome }) => outcome)).toEqual([
      'no-harm',
      'no-harm',
      'unresolved',
      'no-harm',
      'unresolved',
    ]);
  });

  it.each([
    ['nothing measured', minutesOf(30, null, null), 'no-serving-data'],
    ['no steps', [], 'no-serving-data'],
    ['no call of the canary', minutesOf(40, STABLE, null), 'no-canary-traffic'],
    ['a canary that answers nothing', minutesOf(40, STABLE, served([0, 0, 0, 0])), 'no-canary-traffic'],
    ['no call of the stable version', minutesOf(40, served([0, 0, 0, 0]), HEALTHY), 'no-stable-traffic'],
    ['29 minutes', minutesOf(29, STABLE, HEALTHY), 'time'],
    ['few calls', minutesOf(30, STABLE, served([5, 1, 0, 0])), 'traffic'],
    ['NaN', minutesOf(30, STABLE, { ...HEALTHY, serverErrors: NaN }), 'invalid-counts'],
    ['negative counts', minutesOf(30, { ...STABLE, requests: -1 }, HEALTHY), 'invalid-counts'],
    ['more errors than requests', minutesOf(30, STABLE, { ...HEALTHY, clientErrors: 1e6 }), 'invalid-counts'],
    ['no latencies', minutesOf(30, { ...STABLE, latency: null }, HEALTHY), 'missing-metric latency-p99'],
    [
      'a p99 above the last edge',
      minutesOf(30, served([0, 0, 0, 900]), served([0, 0, 0, 100])),
      'resolution latency-p99',
    ],
    [
      'a p99 between two far edges',
      minutesOf(30, served([0, 880, 20, 0]), served([0, 98, 2, 0])),
      'resolution latency-p99',
    ],
    [
      'more errors than tolerated, unsure',
      minutesOf(30, STABLE, served([78, 20, 0, 0], { serverErrors: 2 })),
      'harm-not-excluded server-error-ratio',
    ],
  ])('holds at %s', (_name, steps, code) => {
    // A smaller rate makes sure that what is unsure is not found worse.
    const found = judged(steps, { falseRollBackRate: 1e-12 });
    expect(found.verdict).toBe('hold');
    expect(codesOf(found)).toContain(code);
    for (const { words } of found.reasons) expect(words).not.toMatch(/NaN|undefined|Infinity/);
  });

  it.each([
    ['server-error-ratio', served([76, 20, 0, 0], { serverErrors: 4 })],
    ['client-error-ratio', served([76, 20, 0, 0], { serverErrors: 1, clientErrors: 8 })],
    ['latency-p99', served([78, 17, 4, 0], { serverErrors: 1 })],
    ['latency-body', served([30, 69, 0, 0], { serverErrors: 1 })],
  ])('is to roll back where %s is worse', (metric, canary) => {
    const found = judged(minutesOf(30, STABLE, canary));
    expect(found.verdict).toBe('roll-back');
    expect(codesOf(found)).toContain(`worse ${metric}`);
  });

  it('does not roll back for a sure difference that is too small to matter, and does not promote a large one that is unsure', () => {
    const million = (serverErrors: number): ServingCounts =>
      served([780_000, 208_000, 2_000, 0], { serverErrors });
    const small = judged(minutesOf(30, million(10_000), million(11_500)));
    expect(small.metrics[0]?.anytimePValue).toBeLessThan(1e-6);
    expect(small.verdict).toBe('promote');
    const unsure = judged(minutesOf(30, STABLE, served([5, 1, 0, 0], { serverErrors: 1 })).slice(0, 3));
    expect(unsure.verdict).toBe('hold');
  });

  it('stays with a roll back, so that it does not matter who asks when', () => {
    const bad = served([60, 20, 0, 0], { serverErrors: 20 });
    const steps = [...minutesOf(5, STABLE, bad), ...minutesOf(500, STABLE, HEALTHY)].map((step, i) => ({
      ...step,
      at: i * MINUTE,
    }));
    const early = judged(steps.slice(0, 5));
    const late = judged(steps);
    expect([early.verdict, late.verdict]).toEqual(['roll-back', 'roll-back']);
    expect(late.metrics[0]?.worseAt).toBe(early.metrics[0]?.worseAt);
  });

  it('does not blame a canary for the hour in which it got its traffic', () => {
    // Half of all calls fail in both versions while the canary has most of the traffic, and 1% before.
    const before = minutesOf(30, STABLE, served([800, 196, 4, 0]));
    const outage = minutesOf(
      30,
      served([400, 98, 2, 0], { serverErrors: 500 }),
      served([4_000, 980, 20, 0], { serverErrors: 5_000 }),
    );
    const found = judged([...before, ...outage.map((step) => ({ ...step, at: step.at + 30 * MINUTE }))]);
    expect(found.verdict).toBe('promote');
    expect(found.metrics[0]?.stable).toBeCloseTo(found.metrics[0]?.canary ?? 0, 2);
  });

  it('takes what both histograms have, when their edges differ', () => {
    const others = { ...HEALTHY, latency: (HEALTHY.latency ?? []).filter(({ le }) => le !== 0.1) };
    const found = judged(minutesOf(30, STABLE, others));
    expect(outcomeOf(found, 'latency-p99')).not.toBe('missing');
    const none = {
      ...HEALTHY,
      latency: [
        { le: 0.33, count: 50 },
        { le: Infinity, count: 99 },
      ],
    };
    expect(codesOf(judged(minutesOf(30, STABLE, none)))).toContain('resolution latency-p99');
  });

  it('bears one bad minute among many', () => {
    const steps = minutesOf(40, STABLE, HEALTHY);
    const found = judged(
      steps.map((step, i) => (i === 7 ? { ...step, canary: { ...HEALTHY, requests: NaN } } : step)),
    );
    expect([found.verdict, found.progress.invalidSteps]).toEqual(['promote', 1]);
  });

  it('never throws, gives no NaN, always has a reason, and only promotes where all required metrics are without harm', () => {
    const number = fc.oneof(fc.nat(1_000), fc.constantFrom(NaN, Infinity, -1, 0, 0.5, 1e15));
    const counts = fc.option(
      fc.record({
        requests: number,
        clientErrors: number,
        serverErrors: number,
        latency: fc.option(
          fc.array(fc.record({ le: fc.constantFrom(0.1, 0.5, 1, Infinity, NaN), count: number }), {
            maxLength: 4,
          }),
        ),
      }),
    );
    const steps = fc.array(fc.record({ at: fc.nat(), stable: counts, canary: counts }), { maxLength: 5 });
    fc.assert(
      fc.property(steps, (some) => {
        const found = judged(some, { minTimeMs: 0, minRequests: 1 });
        expect(found.reasons.length).toBeGreaterThan(0);
        expect(
          JSON.stringify(found, (_key, value: unknown) => (Number.isNaN(value) ? 'not a number' : value)),
        ).not.toContain('not a number');
        if (found.verdict === 'promote') expect(outcomeOf(found, 'server-error-ratio')).toBe('no-harm');
      }),
      { numRuns: 500 },
    );
  });
});

describe('the rate of false roll backs', () => {
  it('is shared out, and no more', () => {
    expect(Object.values(RATE_PARTS).reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 12);
  });
});
