/** A mistake of units: the name of the step and what it multiplies values by. */
export interface UnitFactor {
  readonly name: string;
  readonly factor: number;
}

/** Pairs of units that get confused, with how many of the second make one of the first. Exact by definition. */
const UNITS: readonly (readonly [string, string, number])[] = [
  ['miles', 'kilometres', 1.609344],
  ['nautical miles', 'kilometres', 1.852],
  ['metres', 'feet', 1 / 0.3048],
  ['inches', 'centimetres', 2.54],
  ['inches', 'millimetres', 25.4],
  ['feet', 'inches', 12],
  ['pounds', 'kilograms', 0.45359237],
  ['ounces', 'grams', 28.349523125],
  ['US gallons', 'litres', 3.785411784],
  ['metres per second', 'kilometres per hour', 3.6],
  ['kilocalories', 'kilojoules', 4.184],
  ['degrees', 'radians', Math.PI / 180],
  ['bytes', 'bits', 8],
  ['fractions or dollars', 'percent or cents', 100],
  ['thousands', 'units', 1000],
  ['millions', 'units', 1e6],
  ['billions', 'units', 1e9],
  ['miles', 'metres', 1609.344],
  ['hours', 'minutes (or minutes → seconds)', 60],
  ['hours', 'seconds', 3600],
  ['days', 'hours', 24],
  ['days', 'seconds', 86_400],
  ['weeks', 'days', 7],
];

/** Known unit mistakes in both directions; none is within 30% of 1, where a change of mix looks the same. */
export const UNIT_FACTORS: readonly UnitFactor[] = UNITS.flatMap(([from, to, factor]) => [
  { name: `${from} → ${to}`, factor },
  { name: `${to} → ${from}`, factor: 1 / factor },
]);
