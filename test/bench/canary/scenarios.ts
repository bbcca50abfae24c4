import { bucketsOfLatencies, type RolloutStep } from '#rollouts';
import type { Chance } from '../calibration/chance.js';
import {
  cached,
  FASTAPI_EDGES,
  type Latencies,
  lognormal,
  pareto,
  PROMETHEUS_EDGES,
  scaled,
  withSlowTail,
} from './latencies.js';
import { poisson } from './poisson.js';
import { simulatedSteps, type Scenario, type Served } from './simulated-rollout.js';

const MINUTE_MS = 60_000;

/** A rollout that is simulated many times. */
export interface Named {
  readonly name: string;
  readonly runs: number;
  readonly steps: (chance: Chance) => RolloutStep[];
}

/** p99 of 0.2 s: the edge 0.25 lies between it and half as much again. */
const STEADY: Served = { serverErrorRatio: 0.005, clientErrorRatio: 0.02, latencies: lognormal(0.2, 0.5) };

const USUAL = {
  requestsPerSecond: 50,
  canaryShare: () => 0.1,
  edges: PROMETHEUS_EDGES,
  minutes: 30,
  stable: STEADY,
  canary: STEADY,
};

function simulated(name: string, change: Partial<Scenario>, runs = 500): Named {
  return { name, runs, steps: (chance) => simulatedSteps({ ...USUAL, ...change }, chance) };
}

/** Both versions serve alike, for an hour. */
function alike(name: string, served: Partial<Served>, change: Partial<Scenario> = {}): Named {
  const both = { ...STEADY, ...served };
  return simulated(name, { minutes: 60, stable: both, canary: both, ...change });
}

/** Traffic is given to the canary step by step. */
const growing = (minute: number): number => [0.05, 0.1, 0.25, 0.5, 0.75, 0.9][Math.floor(minute / 10)] ?? 0.9;
/** Ten minutes of many errors in both versions, when the canary has half of the traffic. */
const outage = (minute: number): number => (minute >= 30 && minute < 40 ? 40 : 1);

export const FALSE_ALARMS: readonly Named[] = [
  alike('50/s, 10%, lognormal', {}),
  alike('0.2/s, 10%', {}, { requestsPerSecond: 0.2 }),
  alike('1/s, 10%', {}, { requestsPerSecond: 1 }),
  alike('5/s, 10%', {}, { requestsPerSecond: 5 }),
  alike('500/s, 10%', {}, { requestsPerSecond: 500 }),
  alike('50/s, 1%', {}, { canaryShare: () => 0.01 }),
  alike('50/s, 50%', {}, { canaryShare: () => 0.5 }),
  alike('50/s, 95%', {}, { canaryShare: () => 0.95 }),
  alike('50/s, errors 0.01%', { serverErrorRatio: 0.0001, clientErrorRatio: 0 }),
  alike('50/s, errors 10%', { serverErrorRatio: 0.1, clientErrorRatio: 0.1 }),
  alike('50/s, heavy tail', { latencies: lognormal(0.2, 1) }),
  alike('50/s, Pareto tail', { latencies: pareto(0.2) }),
  alike('50/s, cache hits and misses', { latencies: cached(0.2) }),
  alike('50/s, three buckets', { latencies: lognormal(0.4, 0.5) }, { edges: FASTAPI_EDGES }),
  alike('50/s, share rising to 90%', {}, { canaryShare: growing }),
  alike('50/s, share rising, outage of both', {}, { canaryShare: growing, trouble: outage }),
];

function slower(position: number, latenciesOf: (p99: number) => Latencies, change: typeof scaled): Named {
  const stable = latenciesOf(0.25 / position);
  const canary = change(stable, 1.5);
  return simulated(`p99 x 1.5, edge at p99 x ${position}: ${canary.name}`, {
    stable: { ...STEADY, latencies: stable },
    canary: { ...STEADY, latencies: canary },
  });
}

export const REGRESSIONS: readonly Named[] = [
  simulated('server errors 0.5% to 1.0%', { canary: { ...STEADY, serverErrorRatio: 0.01 } }),
  ...[1.05, 1.25, 1.45].flatMap((position) => [
    slower(position, (p99) => lognormal(p99, 0.5), scaled),
    slower(position, (p99) => lognormal(p99, 0.5), withSlowTail),
    slower(position, (p99) => lognormal(p99, 1), withSlowTail),
    slower(position, pareto, withSlowTail),
  ]),
];

/** Raw latencies of every call. `isSlow` stretches the canary's slowest 2%, or all of its calls. */
function raw(name: string, stretch: (seconds: number) => number, runs: number): Named {
  const [sigma, median] = [0.5, 0.2 / Math.exp(2.3263478740408408 * 0.5)];
  const draw = (rate: number, chance: Chance, of: (seconds: number) => number) => {
    const calls = Array.from({ length: poisson(rate, chance) }, () =>
      of(median * Math.exp(sigma * chance.normal())),
    );
    return { requests: calls.length, clientErrors: 0, serverErrors: 0, latency: bucketsOfLatencies(calls) };
  };
  return {
    name,
    runs,
    steps: (chance) =>
      Array.from({ length: 30 }, (_, minute) => ({
        at: minute * MINUTE_MS,
        stable: draw(2_700, chance, (seconds) => seconds),
        canary: draw(300, chance, stretch),
      })),
  };
}

/** The 98% quantile of the raw latencies. */
const P98 = 0.2 * Math.exp((2.053748910631823 - 2.3263478740408408) * 0.5);

export const RAW: readonly Named[] = [
  raw('p99 x 1.5, raw latencies: all calls', (seconds) => 1.5 * seconds, 100),
  raw('p99 x 1.5, raw latencies: slowest 2%', (seconds) => (seconds > P98 ? 1.5 * seconds : seconds), 100),
];

export const TOO_COARSE: readonly Named[] = [
  // Of these, the canary's p99 may be half as high again, or not: it fills the same buckets.
  simulated('p99 0.26 to 0.39 s, edges 0.25 and 0.5', withinBuckets(lognormal(0.26, 0.5))),
  simulated('p99 0.6 to 0.9 s, edges 0.5 and 1', {
    ...withinBuckets(lognormal(0.6, 0.5)),
    edges: FASTAPI_EDGES,
  }),
  simulated('p99 2 to 3 s, above the last edge of 1', {
    ...withinBuckets(lognormal(2, 0.5)),
    edges: FASTAPI_EDGES,
  }),
];

function withinBuckets(latencies: Latencies): Partial<Scenario> {
  return { stable: { ...STEADY, latencies }, canary: { ...STEADY, latencies } };
}

export const HEALTHY: readonly Named[] = [
  simulated('50/s, 10%', {}),
  raw('50/s, 10%, raw latencies', (seconds) => seconds, 100),
];
