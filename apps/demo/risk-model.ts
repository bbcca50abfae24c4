import { seededRandom, shuffledIndices } from './seeded-random.js';

/** What the model sees of a flight. */
export interface FlightFeatures {
  /** Miles. */
  readonly distance: number;
  readonly origin: string;
  /** Hour of departure, 0 to 23. */
  readonly hour: number;
}

/** A logistic regression of "at least 15 minutes late"; plain numbers, so that it travels as JSON. */
export interface RiskModel {
  readonly intercept: number;
  readonly perThousandMiles: number;
  /** Added per thousand miles beyond a long haul's. */
  readonly perThousandLongHaulMiles: number;
  readonly byHour: readonly number[];
  /** Origins that training did not see count 0. */
  readonly byOrigin: Readonly<Record<string, number>>;
}

/** Flights with known outcomes, column by column. */
export interface TrainingRows {
  readonly count: number;
  readonly distances: ArrayLike<number>;
  readonly origins: ArrayLike<string>;
  readonly hours: ArrayLike<number>;
  /** Minutes. */
  readonly delays: ArrayLike<number>;
}

export interface Training {
  /** Training begins here; retraining begins at the model that is live. */
  readonly start?: RiskModel;
  /** Passes over the rows. */
  readonly epochs: number;
  readonly learningRate: number;
}

/** A flight counts as delayed from here on: the US Department of Transportation's definition. */
export const DELAYED_FROM_MINUTES = 15;
/** Flights longer than this are long hauls here. */
export const LONG_HAUL_MILES = 1_500;

const UNTRAINED: RiskModel = {
  intercept: 0,
  perThousandMiles: 0,
  perThousandLongHaulMiles: 0,
  byHour: Array.from({ length: 24 }, () => 0),
  byOrigin: {},
};
const SHUFFLE_SEED = 20_010_131;

/** The model after stochastic gradient descent with AdaGrad's steps; the same rows give the same model. */
export function trainRiskModel(
  rows: TrainingRows,
  { start = UNTRAINED, epochs, learningRate }: Training,
): RiskModel {
  const weights = new Weights(start);
  const order = shuffledIndices(rows.count, seededRandom(SHUFFLE_SEED));
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (const row of order) weights.learn(rows, row, learningRate);
  }
  return weights.toModel();
}

/** The probability that a flight is at least 15 minutes late, rounded to a millionth. */
export function delayRisk(model: RiskModel, { distance, origin, hour }: FlightFeatures): number {
  const score =
    model.intercept +
    model.perThousandMiles * (distance / 1_000) +
    model.perThousandLongHaulMiles * longHaulThousands(distance) +
    (model.byHour[hour] ?? 0) +
    (model.byOrigin[origin] ?? 0);
  return Math.round(1e6 * probability(score)) / 1e6;
}

/** The mean negative log-likelihood in nats: what the model is trained on; smaller is better. */
export function logLoss(model: RiskModel, rows: TrainingRows): number {
  let sum = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const risk = Math.min(1 - 1e-6, Math.max(1e-6, delayRisk(model, featuresOf(rows, row))));
    sum -= Math.log(isDelayed(rows, row) ? risk : 1 - risk);
  }
  return sum / rows.count;
}

export function featuresOf(rows: Omit<TrainingRows, 'delays'>, row: number): FlightFeatures {
  return { distance: rows.distances[row] ?? 0, origin: rows.origins[row] ?? '', hour: rows.hours[row] ?? 0 };
}

export function isDelayed(rows: Pick<TrainingRows, 'delays'>, row: number): boolean {
  return (rows.delays[row] ?? 0) >= DELAYED_FROM_MINUTES;
}

const HOURS_AT = 3;
const ORIGINS_AT = HOURS_AT + 24;

/** All weights in one array (intercept, two slopes, 24 hours, then the origins), with the squared gradients so far. */
class Weights {
  private readonly values: number[];
  private readonly squares: number[];
  private readonly originAt = new Map<string, number>();

  constructor(start: RiskModel) {
    this.values = [start.intercept, start.perThousandMiles, start.perThousandLongHaulMiles, ...start.byHour];
    for (const [origin, weight] of Object.entries(start.byOrigin)) {
      this.originAt.set(origin, this.values.length);
      this.values.push(weight);
    }
    this.squares = this.values.map(() => 1);
  }

  learn(rows: TrainingRows, row: number, learningRate: number): void {
    const { distance, origin, hour } = featuresOf(rows, row);
    const thousands = distance / 1_000;
    const beyond = longHaulThousands(distance);
    const hourAt = HOURS_AT + hour;
    const originAt = this.indexOf(origin);
    const v = this.values;
    const score = v[0]! + v[1]! * thousands + v[2]! * beyond + v[hourAt]! + v[originAt]!;
    const error = probability(score) - (isDelayed(rows, row) ? 1 : 0);
    this.step(0, error, learningRate);
    this.step(1, error * thousands, learningRate);
    this.step(2, error * beyond, learningRate);
    this.step(hourAt, error, learningRate);
    this.step(originAt, error, learningRate);
  }

  toModel(): RiskModel {
    const rounded = this.values.map((value) => Math.round(value * 1e6) / 1e6);
    return {
      intercept: rounded[0] ?? 0,
      perThousandMiles: rounded[1] ?? 0,
      perThousandLongHaulMiles: rounded[2] ?? 0,
      byHour: rounded.slice(HOURS_AT, ORIGINS_AT),
      byOrigin: Object.fromEntries([...this.originAt].map(([origin, at]) => [origin, rounded[at] ?? 0])),
    };
  }

  private step(at: number, gradient: number, learningRate: number): void {
    this.squares[at]! += gradient * gradient;
    this.values[at]! -= (learningRate * gradient) / Math.sqrt(this.squares[at]!);
  }

  private indexOf(origin: string): number {
    const known = this.originAt.get(origin);
    if (known !== undefined) return known;
    this.originAt.set(origin, this.values.length);
    this.squares.push(1);
    return this.values.push(0) - 1;
  }
}

function longHaulThousands(distance: number): number {
  return Math.max(0, distance - LONG_HAUL_MILES) / 1_000;
}

function probability(score: number): number {
  return 1 / (1 + Math.exp(-score));
}
