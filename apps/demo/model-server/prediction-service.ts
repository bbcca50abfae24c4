import { setTimeout as sleep } from 'node:timers/promises';
import type { InferenceRow } from '../api-types.js';
import { servedValues } from '../flight-delay.js';
import type { FlightFeatures, RiskModel } from '../risk-model.js';
import type { Random } from '../seeded-random.js';

/** What is being served: a version of the model in a revision of the service. */
export interface Release {
  readonly version: string;
  /** The build: the same version can be served by a better or a worse one. */
  readonly revision: string;
  readonly parameters: RiskModel;
  /** How long this build's lookup in the feature store takes, ± a quarter. */
  readonly lookupMs: number;
}

export interface PredictionRequest {
  readonly flights: readonly (FlightFeatures & { readonly id: string })[];
}

export interface PredictionAnswer {
  readonly version: string;
  readonly predictions: readonly { readonly id: string; readonly risk: number }[];
}

export interface PredictionOptions {
  /** Share of the rows that are sent to Leeway, 0 to 1. */
  readonly sampleRate: number;
  readonly random: Random;
  readonly now: () => Date;
  readonly sample: (version: string, rows: readonly InferenceRow[]) => void;
}

/** Predicts with the live release and hands a sample of what it served to monitoring. */
export class PredictionService {
  private live: Release | null = null;

  constructor(private readonly options: PredictionOptions) {}

  get release(): Release | null {
    return this.live;
  }

  deploy(release: Release): void {
    this.live = release;
  }

  /** Null while nothing is deployed. A release that goes live meanwhile takes the next request. */
  async predict({ flights }: PredictionRequest): Promise<PredictionAnswer | null> {
    const release = this.live;
    if (release === null) return null;
    await this.lookUpFeatures(release);
    const served = flights.map((flight) => ({
      id: flight.id,
      values: servedValues(release.parameters, flight),
    }));
    const timestamp = this.options.now().toISOString();
    const sampled = served.filter(() => this.options.random() < this.options.sampleRate);
    this.options.sample(
      release.version,
      sampled.map(({ id, values }): InferenceRow => ({ inferenceId: id, timestamp, values: { ...values } })),
    );
    return {
      version: release.version,
      predictions: served.map(({ id, values }) => ({ id, risk: values.delay_risk })),
    };
  }

  /** Stands for the feature store that a real service asks: it decides the latency, the processor does not. */
  private lookUpFeatures({ lookupMs }: Release): Promise<void> {
    return sleep(lookupMs * (0.75 + 0.5 * this.options.random()));
  }
}
