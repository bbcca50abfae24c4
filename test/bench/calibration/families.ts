import type { NamedColumn } from '#stats';
import type { Chance } from './chance.js';

/** How one value of a distribution is drawn. */
export type Draw = (chance: Chance) => number;

/**
 * A family of distributions: how a value is drawn, and what the faults of the power study make of it.
 *
 * Categories are drawn as numbers, and become strings in a column.
 */
export interface Family {
  readonly name: string;
  readonly kind: 'numeric' | 'categorical';
  readonly draw: Draw;
  /** The mean moved by so many standard deviations. */
  readonly shifted: ((deviations: number) => Draw) | null;
  /** The variance 1.5 times as large, the mean as it was. */
  readonly spread: Draw | null;
  /** From where on a value belongs to the upper twentieth. */
  readonly tailStart: number | null;
}

const poisson = (mean: number): Draw => {
  return (chance) => chance.poisson(mean);
};
const moved =
  (draw: Draw, offset: number): Draw =>
  (chance) =>
    draw(chance) + offset;
const stretched =
  (draw: Draw, mean: number): Draw =>
  (chance) =>
    mean + Math.sqrt(1.5) * (draw(chance) - mean);

const normal: Draw = (chance) => chance.normal();
const lognormal: Draw = (chance) => Math.exp(chance.normal());
const LOGNORMAL_MEAN = Math.exp(0.5);
const LOGNORMAL_DEVIATION = Math.sqrt((Math.E - 1) * Math.E);
/** 40% zeros, else exponential: prices, delays, amounts. */
const zeroInflated: Draw = (chance) => (chance.uniform() < 0.4 ? 0 : chance.exponential());
const ZERO_INFLATED_DEVIATION = Math.sqrt(0.84);
const COUNT_MEAN = 4;
/** Gamma(8, ½) mixed Poisson: mean 4, variance 6. */
const overdispersed: Draw = (chance) => {
  let rate = 0;
  for (let i = 0; i < 8; i++) rate += chance.exponential() / 2;
  return chance.poisson(rate);
};
const CATEGORIES = 200;
const ZIPF = cumulative(Array.from({ length: CATEGORIES }, (_, i) => 1 / (i + 1) ** 1.1));
/** What a value that the baseline never had is drawn as. */
const NEW_CATEGORY = CATEGORIES;

export const FAMILIES: readonly Family[] = [
  {
    name: 'normal',
    kind: 'numeric',
    draw: normal,
    shifted: (k) => moved(normal, k),
    spread: stretched(normal, 0),
    tailStart: 1.6448536269514722,
  },
  {
    name: 'lognormal',
    kind: 'numeric',
    draw: lognormal,
    shifted: (k) => moved(lognormal, k * LOGNORMAL_DEVIATION),
    spread: stretched(lognormal, LOGNORMAL_MEAN),
    tailStart: Math.exp(1.6448536269514722),
  },
  {
    name: '40% zeros',
    kind: 'numeric',
    draw: zeroInflated,
    shifted: (k) => moved(zeroInflated, k * ZERO_INFLATED_DEVIATION),
    spread: stretched(zeroInflated, 0.6),
    tailStart: -Math.log(0.05 / 0.6),
  },
  {
    name: 'counts',
    kind: 'numeric',
    draw: poisson(COUNT_MEAN),
    shifted: (k) => poisson(COUNT_MEAN + 2 * k),
    spread: overdispersed,
    tailStart: 8,
  },
  {
    name: 'categories',
    kind: 'categorical',
    draw: (chance) => placeOf(ZIPF, chance.uniform()),
    shifted: null,
    spread: null,
    tailStart: null,
  },
];

/** The draw with 5% of the mass moved into the upper twentieth. */
export function withHeavyTail(draw: Draw, tailStart: number): Draw {
  return (chance) => {
    if (chance.uniform() >= 0.05) return draw(chance);
    for (;;) {
      const value = draw(chance);
      if (value >= tailStart) return value;
    }
  };
}

/** The draw with a share of values that the baseline never had. */
export function withNewCategory(draw: Draw, share: number): Draw {
  return (chance) => (chance.uniform() < share ? NEW_CATEGORY : draw(chance));
}

/** Values as drawn, by place. */
export function sample(draw: Draw, count: number, chance: Chance): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = draw(chance);
  return values;
}

/** The column that these values are, named x. */
export function columnOf({ kind }: Pick<Family, 'kind'>, values: Float64Array): NamedColumn {
  if (kind === 'numeric') return { name: 'x', values: { kind, values, invalidCount: 0 } };
  const names = Array.from(values, (place) => `c${place}`);
  return { name: 'x', values: { kind, values: names, invalidCount: 0 } };
}

function cumulative(weights: readonly number[]): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let below = 0;
  return Float64Array.from(weights, (weight) => (below += weight / total));
}

function placeOf(shares: Float64Array, u: number): number {
  let low = 0;
  let high = shares.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (shares[middle]! < u) low = middle + 1;
    else high = middle;
  }
  return low;
}
