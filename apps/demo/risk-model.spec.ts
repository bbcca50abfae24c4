import { describe, expect, it } from '@jest/globals';
import { delayRisk, logLoss, trainRiskModel, type RiskModel, type TrainingRows } from './risk-model.js';
import { seededRandom } from './seeded-random.js';

const TRUTH: RiskModel = {
  intercept: -1,
  perThousandMiles: 0.5,
  perThousandLongHaulMiles: 0,
  byHour: Array.from({ length: 24 }, (_, hour) => (hour < 12 ? -0.5 : 0.5)),
  byOrigin: { ORD: 0.8, PIT: -0.8 },
};

function flightsOf(truth: RiskModel, count: number, seed: number): TrainingRows {
  const random = seededRandom(seed);
  const flights = Array.from({ length: count }, () => {
    const features = {
      distance: Math.floor(random() * 3_000),
      origin: random() < 0.5 ? 'ORD' : 'PIT',
      hour: Math.floor(random() * 24),
    };
    return { ...features, delay: random() < delayRisk(truth, features) ? 30 : 0 };
  });
  return {
    count,
    distances: flights.map(({ distance }) => distance),
    origins: flights.map(({ origin }) => origin),
    hours: flights.map(({ hour }) => hour),
    delays: flights.map(({ delay }) => delay),
  };
}

describe('the risk model', () => {
  const rows = flightsOf(TRUTH, 20_000, 1);
  const unseen = flightsOf(TRUTH, 20_000, 2);
  const trained = trainRiskModel(rows, { epochs: 3, learningRate: 0.3 });

  it('predicts flights it has not seen about as well as the truth does', () => {
    expect(logLoss(trained, unseen)).toBeLessThan(logLoss(TRUTH, unseen) + 0.005);
  });

  it('is the same for the same rows', () => {
    expect(trainRiskModel(rows, { epochs: 3, learningRate: 0.3 })).toEqual(trained);
  });

  it('survives a journey as JSON', () => {
    expect(JSON.parse(JSON.stringify(trained))).toEqual(trained);
  });

  it('gives a probability for origins and hours that it does not know', () => {
    const risk = delayRisk(trained, { distance: 500, origin: 'XXX', hour: 99 });
    expect(risk).toBeGreaterThan(0);
    expect(risk).toBeLessThan(1);
  });

  it('moves towards new rows when it is retrained from the live model, and leaves that one alone', () => {
    const changed = flightsOf({ ...TRUTH, intercept: 0.5 }, 5_000, 3);
    const before = structuredClone(trained);
    const retrained = trainRiskModel(changed, { start: trained, epochs: 5, learningRate: 0.05 });
    expect(logLoss(retrained, changed)).toBeLessThan(logLoss(trained, changed));
    expect(trained).toEqual(before);
  });
});
