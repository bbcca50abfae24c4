import { describe, expect, it } from '@jest/globals';
import type { InferenceRow } from '../api-types.js';
import { delayRisk, type RiskModel } from '../risk-model.js';
import { seededRandom } from '../seeded-random.js';
import { PredictionService } from './prediction-service.js';

const MODEL: RiskModel = {
  intercept: -1,
  perThousandMiles: 0.2,
  perThousandLongHaulMiles: 0,
  byHour: Array.from({ length: 24 }, () => 0),
  byOrigin: {},
};
const RELEASE = { version: 'v1', revision: 'flight-delay:1.0.0', parameters: MODEL, lookupMs: 1 };
const FLIGHTS = Array.from({ length: 1_000 }, (_, row) => ({
  id: `flight-${row}-1`,
  distance: row,
  origin: 'ORD',
  hour: 7,
}));

function serviceOf(sampleRate: number) {
  const sampled: { version: string; row: InferenceRow }[] = [];
  const service = new PredictionService({
    sampleRate,
    random: seededRandom(1),
    now: () => new Date('2026-11-23T04:00:00Z'),
    sample: (version, rows) => sampled.push(...rows.map((row) => ({ version, row }))),
  });
  return { service, sampled };
}

describe('the prediction service', () => {
  it('predicts nothing before a release is live', async () => {
    expect(await serviceOf(1).service.predict({ flights: FLIGHTS })).toBeNull();
  });

  it('answers with the risk of the live release and samples exactly what it served', async () => {
    const { service, sampled } = serviceOf(1);
    service.deploy(RELEASE);
    const answer = await service.predict({ flights: FLIGHTS });
    expect(answer?.predictions[500]).toEqual({
      id: 'flight-500-1',
      risk: delayRisk(MODEL, { distance: 500, origin: 'ORD', hour: 7 }),
    });
    expect(sampled).toHaveLength(FLIGHTS.length);
    expect(sampled[500]).toEqual({
      version: 'v1',
      row: {
        inferenceId: 'flight-500-1',
        timestamp: '2026-11-23T04:00:00.000Z',
        values: { distance: 500, origin: 'ORD', hour: 7, delay_risk: answer?.predictions[500]?.risk },
      },
    });
  });

  it('samples the configured share', async () => {
    const { service, sampled } = serviceOf(0.25);
    service.deploy(RELEASE);
    await service.predict({ flights: FLIGHTS });
    // Five standard errors at 1,000 rows.
    expect(Math.abs(sampled.length / FLIGHTS.length - 0.25)).toBeLessThan(
      5 * Math.sqrt((0.25 * 0.75) / FLIGHTS.length),
    );
  });

  it('finishes a request with the release that it began with', async () => {
    const { service, sampled } = serviceOf(1);
    service.deploy(RELEASE);
    const answer = service.predict({ flights: FLIGHTS.slice(0, 1) });
    service.deploy({ ...RELEASE, version: 'v2' });
    expect((await answer)?.version).toBe('v1');
    expect(sampled[0]?.version).toBe('v1');
  });
});
