import type { CapturedRow } from '../api-types.js';
import { rowNumberOf } from '../flight-delay.js';
import type { TrainingRows } from '../risk-model.js';

/** Captured rows whose outcome is known, ready to train on. */
export interface JoinedRows extends TrainingRows {
  readonly distances: readonly number[];
  readonly origins: readonly string[];
  readonly hours: readonly number[];
  readonly delays: readonly number[];
  /** Captured rows that no outcome was found for. */
  readonly unmatchedCount: number;
}

/**
 * Joins what Leeway captured to the outcomes that we own, by inference id. Leeway never sees the outcomes; we never
 * guess the features.
 */
export function joinOutcomes(
  captured: readonly CapturedRow[],
  delayOf: (rowNumber: number) => number | undefined,
): JoinedRows {
  const distances: number[] = [];
  const origins: string[] = [];
  const hours: number[] = [];
  const delays: number[] = [];
  for (const { inferenceId, values } of captured) {
    const rowNumber = rowNumberOf(inferenceId);
    const delay = rowNumber === null ? undefined : delayOf(rowNumber);
    if (delay === undefined) continue;
    distances.push(Number(values['distance']));
    origins.push(String(values['origin']));
    hours.push(Number(values['hour']));
    delays.push(delay);
  }
  return {
    count: delays.length,
    distances,
    origins,
    hours,
    delays,
    unmatchedCount: captured.length - delays.length,
  };
}

/** Every fifth row is held out, the others are trained on. */
export function splitHoldout(rows: JoinedRows): {
  readonly training: TrainingRows;
  readonly holdout: TrainingRows;
} {
  const pick = (isWanted: (row: number) => boolean): TrainingRows => {
    const wanted = <T>(values: readonly T[]): T[] => values.filter((_, row) => isWanted(row));
    const delays = wanted(rows.delays);
    return {
      count: delays.length,
      distances: wanted(rows.distances),
      origins: wanted(rows.origins),
      hours: wanted(rows.hours),
      delays,
    };
  };
  return {
    training: pick((row) => row % HOLDOUT_EVERY !== 0),
    holdout: pick((row) => row % HOLDOUT_EVERY === 0),
  };
}

const HOLDOUT_EVERY = 5;
