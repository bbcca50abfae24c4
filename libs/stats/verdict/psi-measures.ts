import { populationStabilityIndex } from '../distance/bin-distances.js';
import { psiLowerBound, psiNoiseFloor, usedBins } from '../distance/psi-inference.js';
import type { ColumnMeasures } from './column-measures.js';
import type { SampleSizes } from './sample-sizes.js';

/** PSI with its limits. */
export type PsiMeasures = Pick<ColumnMeasures, 'psi' | 'psiLowerBound' | 'psiNoiseFloor'>;

/** PSI with its 95% lower bound and its noise floor, in nats; nulls when a side is empty. */
export function psiMeasures(
  baseline: readonly number[],
  window: readonly number[],
  sizes: SampleSizes,
): PsiMeasures {
  const psi = populationStabilityIndex(baseline, window);
  return {
    psi,
    psiLowerBound: psiLowerBound(baseline, window, sizes),
    psiNoiseFloor: psi === null ? null : psiNoiseFloor(sizes.n, sizes.m, usedBins(baseline, window) - 1),
  };
}
