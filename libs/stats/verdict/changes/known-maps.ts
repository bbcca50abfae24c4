import { UNIT_FACTORS } from '../unit-factors.js';

/**
 * A map x → factor·x + offset of all values, with the name of the mistake that makes it. `origin` says where
 * the candidate comes from: a list of known mistakes, a list of round factors, or the data.
 */
export interface AffineMap {
  readonly kind: 'scaled' | 'shifted' | 'converted' | 'sign-flipped';
  readonly factor: number;
  readonly offset: number;
  readonly name: string | null;
  readonly origin: 'known' | 'round' | 'estimated';
  /**
   * The range that the baseline's middle 90% must lie in for the mistake to make sense; any where left out.
   */
  readonly domain?: readonly [number, number];
}

/** Origins that get confused, with what is added to values. Exact by definition. */
const ORIGINS: readonly (readonly [string, string, number])[] = [
  ['seconds since 2001', 'seconds since 1970', 978_307_200],
  ['seconds since 1970', 'seconds since 1900', 2_208_988_800],
  ['seconds since 1970', 'seconds since 1601', 11_644_473_600],
  ['days since 1970', 'spreadsheet days since 1900', 25_569],
  ['days since 1970', 'Julian days', 2_440_587.5],
];

/**
 * Temperatures of weather, rooms, bodies and engines; beyond, an offset of 32 is too small to tell from a
 * factor. // Unmeasured.
 */
const CELSIUS = [-100, 300] as const;
const FAHRENHEIT = [-148, 572] as const;
const KELVIN = [173.15, 573.15] as const;
const TWO_DIGITS = [0, 99] as const;

type Conversion = readonly [name: string, factor: number, offset: number, domain: readonly [number, number]];

/** Scales with different origin and step, and scores of the other class. Exact by definition. */
const CONVERSIONS: readonly Conversion[] = [
  ['Celsius → Fahrenheit', 1.8, 32, CELSIUS],
  ['Fahrenheit → Celsius', 1 / 1.8, -32 / 1.8, FAHRENHEIT],
  ['kelvin → Fahrenheit', 1.8, -459.67, KELVIN],
  ['Fahrenheit → kelvin', 1 / 1.8, 459.67 / 1.8, FAHRENHEIT],
  ['p → 1 − p', -1, 1, [0, 1]],
  ['percent → 100 − percent', -1, 100, [0, 100]],
];

const SHIFTS: readonly AffineMap[] = [
  shifted('Celsius → kelvin', 273.15, CELSIUS),
  shifted('kelvin → Celsius', -273.15, KELVIN),
  shifted('two-digit years → years', 1900, TWO_DIGITS),
  shifted('years → two-digit years', -1900, [1900, 1999]),
  shifted('two-digit years → years', 2000, TWO_DIGITS),
  shifted('years → two-digit years', -2000, [2000, 2099]),
  ...ORIGINS.flatMap(([from, to, offset]) => [
    shifted(`${from} → ${to}`, offset),
    shifted(`${to} → ${from}`, -offset),
  ]),
];

function shifted(name: string, offset: number, domain?: readonly [number, number]): AffineMap {
  return {
    kind: 'shifted',
    factor: 1,
    offset,
    name,
    origin: 'known',
    ...(domain === undefined ? {} : { domain }),
  };
}

/**
 * Doubled or halved rows, and decimal points in the wrong place; powers that UNIT_FACTORS names are left out.
 */
const ROUND_FACTORS = [2, 10, 1e4, 1e5].flatMap((factor) => [factor, 1 / factor]);

/** The mistakes that are recognised: by name, in both directions, and the round factors; about 80. */
export const KNOWN_MAPS: readonly AffineMap[] = [
  ...UNIT_FACTORS.map(({ name, factor }): AffineMap => ({
    kind: 'scaled',
    factor,
    offset: 0,
    name,
    origin: 'known',
  })),
  ...SHIFTS,
  ...CONVERSIONS.map(([name, factor, offset, domain]): AffineMap => ({
    kind: 'converted',
    factor,
    offset,
    name,
    origin: 'known',
    domain,
  })),
  { kind: 'sign-flipped', factor: -1, offset: 0, name: 'x → −x', origin: 'known' },
  ...ROUND_FACTORS.map((factor): AffineMap => ({
    kind: 'scaled',
    factor,
    offset: 0,
    name: null,
    origin: 'round',
  })),
];
