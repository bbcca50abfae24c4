import { describe, expect, it } from '@jest/globals';
import {
  latencyReadings,
  latencySignal,
  requestReadings,
  servingSignals,
  statusClass,
  summedRates,
  type ServingRates,
} from './serving-signals.js';

const rates = (entries: Record<string, number>): ReadonlyMap<string, number> =>
  new Map(Object.entries(entries));
const valuesOf = (given: ServingRates): Record<string, unknown> =>
  Object.fromEntries(
    servingSignals(given, [0.5, 0.99], { handler: '/p' }, 7).map(({ signal, value, isAtLeast }) => [
      signal,
      isAtLeast === true ? `>= ${value}` : value,
    ]),
  );

describe('servingSignals', () => {
  it.each<[string, ServingRates, Record<string, unknown>]>([
    ['nothing is read', { latency: null, requests: null }, {}],
    [
      'no traffic: no quantile, no ratio, and a throughput of 0',
      { latency: rates({ '1': 0, Infinity: 0 }), requests: rates({ '2xx': 0 }) },
      { throughput_rps: 0 },
    ],
    [
      'traffic without errors: ratios of 0',
      { latency: null, requests: rates({ '2xx': 4 }) },
      { error_ratio_4xx: 0, error_ratio_5xx: 0, throughput_rps: 4 },
    ],
    [
      'errors by class',
      { latency: null, requests: rates({ '2xx': 6, '4xx': 1, '5xx': 2, unknown: 1 }) },
      { error_ratio_4xx: 0.1, error_ratio_5xx: 0.2, throughput_rps: 10 },
    ],
    [
      'only a histogram',
      { latency: rates({ '1': 4, '2': 8, Infinity: 8 }), requests: null },
      { latency_p50_seconds: 1, latency_p99_seconds: 1.98, throughput_rps: 8 },
    ],
    [
      'beyond the highest bucket',
      { latency: rates({ '1': 4, Infinity: 8 }), requests: null },
      { latency_p50_seconds: 1, latency_p99_seconds: '>= 1', throughput_rps: 8 },
    ],
  ])('%s', (_name, given, expected) => {
    expect(valuesOf(given)).toEqual(expected);
  });

  it('carries the matchers, the unit and the time', () => {
    expect(
      servingSignals({ latency: null, requests: rates({ '2xx': 4 }) }, [], { handler: '/p' }, 7)[0],
    ).toEqual({ signal: 'error_ratio_4xx', labels: { handler: '/p' }, unit: 'ratio', at: 7, value: 0 });
  });

  it.each([
    [0.5, 'latency_p50_seconds'],
    [0.95, 'latency_p95_seconds'],
    [0.99, 'latency_p99_seconds'],
    [0.999, 'latency_p99_9_seconds'],
    [0.07, 'latency_p7_seconds'],
  ])('names the quantile %f', (q, name) => {
    expect(latencySignal(q)).toBe(name);
  });
});

describe('summedRates', () => {
  it('adds targets up, and skips those without data', () => {
    expect(summedRates([rates({ a: 1, b: 2 }), null, rates({ a: 3 })])).toEqual(rates({ a: 4, b: 2 }));
    expect(summedRates([null, null])).toBeNull();
    expect(summedRates([])).toBeNull();
  });
});

describe('readings', () => {
  const series = (name: string, labels: Record<string, string>, value: number) => ({
    name,
    labels,
    value,
    at: null,
  });

  it.each([
    ['200', '2xx'],
    ['404', '4xx'],
    ['4xx', '4xx'],
    ['5XX', '5xx'],
    ['503', '5xx'],
    ['', 'unknown'],
    ['600', 'unknown'],
    ['50', 'unknown'],
    ['error', 'unknown'],
    [undefined, 'unknown'],
  ])('status %j is %s', (status, group) => {
    expect(statusClass(status)).toBe(group);
  });

  it('takes only the series with exactly the matching labels', () => {
    const page = [
      series('r', { status: '200', h: '/p' }, 1),
      series('r', { status: '200', h: '/x' }, 2),
      series('r', { status: '200' }, 4),
      series('rr', { status: '200', h: '/p' }, 8),
    ];
    expect(requestReadings(page, 'r', 'status', { h: '/p' }).readings.map(({ value }) => value)).toEqual([1]);
    expect(requestReadings(page, 'r', 'status', {}).readings.map(({ value }) => value)).toEqual([1, 2, 4]);
  });

  it('reads bounds as numbers, in seconds', () => {
    const page = ['0.5', '1.0', '1e3', '+Inf'].map((le) => series('l_bucket', { le }, 1));
    expect(latencyReadings(page, 'l', 1, {}).readings.map(({ group }) => group)).toEqual([
      '0.5',
      '1',
      '1000',
      'Infinity',
    ]);
    expect(latencyReadings(page, 'l', 0.001, {}).readings.map(({ group }) => Number(group))).toEqual([
      0.0005,
      0.001,
      1,
      Infinity,
    ]);
  });

  it('names what cannot be read', () => {
    expect(
      latencyReadings(
        [series('l_bucket', { le: 'x' }, 1), series('l_bucket', {}, 1)],
        'l',
        1,
        {},
      ).problems.map(({ reason }) => reason),
    ).toEqual(['unreadable', 'unreadable']);
    expect(
      requestReadings([series('r', { s: '200' }, NaN), series('r', { s: '500' }, -1)], 'r', 's', {}),
    ).toEqual({
      readings: [],
      problems: [
        { reason: 'not-a-number', detail: 'r is NaN, which no counter can be' },
        { reason: 'not-a-number', detail: 'r is -1, which no counter can be' },
      ],
    });
  });
});
