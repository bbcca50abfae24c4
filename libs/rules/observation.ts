import type { Observation } from './alert-state.js';
import type { Operator, RuleSpec } from './schemas.js';

/** One sample of a signal; null could not be measured. */
export interface Sample {
  readonly at: number;
  readonly value: number | null;
}

const HOLDS: Readonly<Record<Operator, (value: number, threshold: number) => boolean>> = {
  '>': (value, threshold) => value > threshold,
  '>=': (value, threshold) => value >= threshold,
  '<': (value, threshold) => value < threshold,
  '<=': (value, threshold) => value <= threshold,
  '==': (value, threshold) => value === threshold,
  '!=': (value, threshold) => value !== threshold,
};

/**
 * What the newest samples (newest first) say of a rule's condition.
 *
 * `breached` when at least N of the newest M breach. `missing` when there is none, or when the unmeasured ones could
 * still make it N: then nobody knows. Otherwise `clear`.
 */
export function observe(
  samples: readonly Sample[],
  { condition, breaches }: Pick<RuleSpec, 'condition' | 'breaches'>,
): Observation {
  const newest = samples.slice(0, breaches.of);
  if (newest.length === 0) return 'missing';
  const holds = HOLDS[condition.op];
  const breachCount = newest.filter(
    ({ value }) => value !== null && holds(value, condition.threshold),
  ).length;
  if (breachCount >= breaches.atLeast) return 'breached';
  const unmeasured = newest.filter(({ value }) => value === null).length;
  return unmeasured > 0 && breachCount + unmeasured >= breaches.atLeast ? 'missing' : 'clear';
}
