import type { DriftThresholds } from './drift-thresholds.js';

/** What the verdict on a distribution weighs; the names are those of the measures. */
export type EffectName = 'psi' | 'ks' | 'tails' | 'lInfinity';

/**
 * An effect as measured, in its own unit; null where it is not defined. `noiseFloor` is null where a change could not be told,
 * however large the sample.
 */
export interface MeasuredEffect {
  readonly name: EffectName;
  readonly value: number | null;
  readonly lowerBound: number | null;
  readonly noiseFloor: number | null;
}

/** One measured effect with the limits it is judged by, all in the effect's unit. */
export interface Effect {
  readonly name: EffectName;
  readonly value: number;
  readonly lowerBound: number;
  readonly noiseFloor: number;
  readonly warning: number;
  readonly drifted: number;
}

/** The effects that could be measured, with their limits. */
export function limitedEffects(measured: readonly MeasuredEffect[], limits: DriftThresholds): Effect[] {
  const effects: Effect[] = [];
  for (const { name, value, lowerBound, noiseFloor } of measured) {
    if (value === null || lowerBound === null || noiseFloor === null) continue;
    const [warning, drifted] = limitsOf(name, limits);
    effects.push({ name, value, lowerBound, noiseFloor, warning, drifted });
  }
  return effects;
}

function limitsOf(name: EffectName, limits: DriftThresholds): readonly [number, number] {
  switch (name) {
    case 'psi':
      return [limits.psiWarningNats, limits.psiDriftedNats];
    case 'ks':
      return [limits.ksWarning, limits.ksDrifted];
    case 'tails':
      return [limits.tailWarning, limits.tailDrifted];
    case 'lInfinity':
      return [limits.lInfinityWarning, limits.lInfinityDrifted];
  }
}
