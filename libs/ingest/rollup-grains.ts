/** What windows are rolled up into. The word is the column and the unit of PostgreSQL's date_trunc. */
export type RollupGrain = 'hour' | 'day';

const HOUR_MS = 3_600_000;
const ROLLUP_GRAINS: readonly RollupGrain[] = ['hour', 'day'];
export const ROLLUP_MS: Readonly<Record<RollupGrain, number>> = { hour: HOUR_MS, day: 24 * HOUR_MS };

/** What windows of this length are rolled up into: what is longer than one of them. */
export function rollupGrainsOf(grainMs: number): RollupGrain[] {
  return ROLLUP_GRAINS.filter((grain) => ROLLUP_MS[grain] > grainMs);
}

/** The roll-ups that cut a range of this length into at least `minPieces` pieces. */
export function usableRollups(rangeMs: number, minPieces: number): RollupGrain[] {
  return ROLLUP_GRAINS.filter((grain) => ROLLUP_MS[grain] * minPieces <= rangeMs);
}
