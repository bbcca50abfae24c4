import { describe, expect, it } from '@jest/globals';
import { rowNumberOf } from './flight-delay.js';
import type { Flights } from './flights.js';
import type { PredictionAnswer, PredictionRequest } from './model-server/prediction-service.js';
import { Replay } from './replay.js';
import { until } from './until.js';

const COUNT = 1_000;
const FLIGHTS: Flights = {
  count: COUNT,
  rowNumbers: Int32Array.from({ length: COUNT }, (_, row) => 50_000 + row),
  distances: Int32Array.from({ length: COUNT }, (_, row) => (row % 10 === 0 ? 2_000 : 500)),
  origins: Array.from({ length: COUNT }, () => 'ORD'),
  hours: new Int32Array(COUNT).fill(12),
  delays: new Int32Array(COUNT),
};

/** The flights of the first requests of a replay. */
async function asked(
  prepare: (replay: Replay) => void,
  requestCount: number,
  predict: () => Promise<PredictionAnswer> = () => Promise.resolve({ version: 'v1', predictions: [] }),
) {
  const requests: PredictionRequest[] = [];
  const server = {
    predict: (request: PredictionRequest) => {
      requests.push(request);
      return predict();
    },
  };
  const replay = new Replay(server, FLIGHTS, { requestsPerSecond: 200, flightsPerRequest: 50 }, 1);
  prepare(replay);
  replay.start();
  await until('the requests', { timeoutMs: 5_000, everyMs: 5 }, () =>
    Promise.resolve(requests.length >= requestCount || undefined),
  );
  await replay.stop();
  return { replay, flights: requests.slice(0, requestCount).flatMap(({ flights }) => flights) };
}

describe('the replay', () => {
  it('deals each flight once before it deals one again, the same way every time', async () => {
    const { flights } = await asked(() => undefined, 20);
    expect(new Set(flights.map(({ id }) => rowNumberOf(id)))).toHaveProperty('size', COUNT);
    const again = await asked(() => undefined, 20);
    expect(again.flights).toEqual(flights);
  });

  it('gives every inference its own id', async () => {
    const { flights } = await asked(() => undefined, 30);
    expect(new Set(flights.map(({ id }) => id)).size).toBe(30 * 50);
  });

  it('sends kilometres when the pipeline is broken', async () => {
    const { flights } = await asked((replay) => (replay.unit = 'kilometres'), 4);
    expect(new Set(flights.map(({ distance }) => distance))).toEqual(new Set([805, 3_219]));
  });

  it('resamples real flights to the wanted share of long hauls', async () => {
    const { flights } = await asked((replay) => (replay.longHaulShare = 0.8), 40);
    const share = flights.filter(({ distance }) => distance > 1_500).length / flights.length;
    // Five standard errors at 2,000 flights.
    expect(Math.abs(share - 0.8)).toBeLessThan(5 * Math.sqrt((0.8 * 0.2) / 2_000));
  });

  it('goes on when a request fails, and counts it', async () => {
    const { replay } = await asked(
      () => undefined,
      3,
      () => Promise.reject(new Error('away')),
    );
    expect(replay.failedRequestCount).toBeGreaterThanOrEqual(3);
  });
});
