import type { ColumnMeasures } from './column-measures.js';
import type { DriftThresholds } from './drift-thresholds.js';
import { psiOfSeen } from './psi-measures.js';
import type { SampleSizes } from './sample-sizes.js';

/** One measured effect with the limits it is judged by, all in the effect's unit. */
export interface Effect {
  readonly name: 'psi' | 'ks' | 'tails' | 'lInfinity';
  readonly value: number;
  readonly lowerBound: number;
  readonly noiseFloor: number;
  readonly warning: number;
  readonly drifted: number;
}

/**
 * What the verdict on a column's distribution weighs: PSI, D and the tails of numbers and lengths; PSI and L∞ of categories.
 *
 * The PSI of categories is taken without the unseen bin, which data quality judges by its share.
 */
export function effectsOf(
  kind: 'numeric' | 'categorical' | 'text',
  measures: ColumnMeasures,
  limits: DriftThresholds,
  sizes: SampleSizes,
): Effect[] {
  if (kind === 'categorical') {
    return [
      psiEffect(psiOfSeen(measures.bins, sizes), limits),
      effect('lInfinity', measures.lInfinity, measures.lInfinityLowerBound, measures.lInfinityNoiseFloor, [
        limits.lInfinityWarning,
        limits.lInfinityDrifted,
      ]),
    ].filter((found) => found !== null);
  }
  return [
    psiEffect(measures, limits),
    effect('ks', measures.ks, measures.ksLowerBound, measures.ksNoiseFloor, [
      limits.ksWarning,
      limits.ksDrifted,
    ]),
    effect('tails', measures.tailChange, measures.tailLowerBound, measures.tailNoiseFloor, [
      limits.tailWarning,
      limits.tailDrifted,
    ]),
  ].filter((found) => found !== null);
}

function psiEffect(
  { psi, psiLowerBound, psiNoiseFloor }: Pick<ColumnMeasures, 'psi' | 'psiLowerBound' | 'psiNoiseFloor'>,
  limits: DriftThresholds,
): Effect | null {
  return effect('psi', psi, psiLowerBound, psiNoiseFloor, [limits.psiWarningNats, limits.psiDriftedNats]);
}

function effect(
  name: Effect['name'],
  value: number | null,
  lowerBound: number | null,
  noiseFloor: number | null,
  [warning, drifted]: readonly [number, number],
): Effect | null {
  if (value === null || lowerBound === null || noiseFloor === null) return null;
  return { name, value, lowerBound, noiseFloor, warning, drifted };
}
