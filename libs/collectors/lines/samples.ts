import type { CollectedSample } from '../metrics-source.js';
import type { DerivedValue } from './derive.js';
import type { SignalLine } from './line.js';

/** A derived number as a sample: what is not finite was not measured. */
export function sampleOf(
  { unit }: Pick<SignalLine, 'unit'>,
  { signal, labels, value, isAtLeast }: DerivedValue,
  at: number,
): CollectedSample {
  return {
    ...{ signal, labels, unit, at, value: Number.isFinite(value) ? value : null },
    ...(isAtLeast ? { isAtLeast } : {}),
  };
}
