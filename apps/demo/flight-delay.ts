import type { Column } from './api-types.js';
import { delayRisk, type FlightFeatures, type RiskModel } from './risk-model.js';

/** The monitored model's name in leeway.yaml. */
export const MODEL = 'flight-delay';

/** The schema of every version of the model. */
export const COLUMNS: readonly Column[] = [
  { name: 'distance', role: 'feature', type: 'numeric' },
  { name: 'origin', role: 'feature', type: 'categorical' },
  { name: 'hour', role: 'feature', type: 'numeric' },
  { name: 'delay_risk', role: 'score', type: 'numeric' },
  { name: 'delay', role: 'groundTruth', type: 'numeric' },
];

/** A served row as Leeway's columns, without the outcome that nobody knows yet. */
export interface ServedValues {
  readonly distance: number;
  readonly origin: string;
  readonly hour: number;
  readonly delay_risk: number;
}

export function servedValues(model: RiskModel, { distance, origin, hour }: FlightFeatures): ServedValues {
  return { distance, origin, hour, delay_risk: delayRisk(model, { distance, origin, hour }) };
}

/** Which flight an inference was about, and which request: the same flight may be asked about twice. */
export function inferenceId(rowNumber: number, sequence: number): string {
  return `flight-${rowNumber}-${sequence}`;
}

/** The flight's row number, or null when the id is not one of ours. */
export function rowNumberOf(inferenceId: string): number | null {
  const found = /^flight-(\d+)-\d+$/.exec(inferenceId);
  return found === null ? null : Number(found[1]);
}
