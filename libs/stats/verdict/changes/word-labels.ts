import { numberLabel } from '../number-label.js';

/** Characters of a name that a sentence has room for. */
const MAX_NAME_LENGTH = 40;

/** A share in whole percent, below ten with a decimal; only 0 is `0%` and only 1 is `100%`. */
export function percent(share: number): string {
  // Sums of shares are an ulp off.
  const value = share > 1 - 1e-12 ? 100 : 100 * share;
  if (value > 0 && value < 0.1) return 'under 0.1%';
  if (value < 100 && value > 99.9) return 'over 99.9%';
  if (value > 99 && value < 100) return `${Number(value.toFixed(1))}%`;
  return `${Number(value.toFixed(value < 10 ? 1 : 0))}%`;
}

/**
 * A value of the column in at most four significant digits, exact where six are enough; never beyond a
 * double.
 */
export function measure(x: number): string {
  const short = Number(x.toPrecision(6));
  const isExact = Math.abs(x - short) <= 1e-9 * Math.abs(x) && Math.abs(x) < 1e7;
  const label = isExact ? String(short + 0) : numberLabel(x);
  // Rounding the largest doubles gives infinity.
  return Number.isFinite(Number(label)) ? label : String(x);
}

/** Share of the difference of two values by which their labels may misstate it. */
const DIFFERENCE_ERROR = 0.05;

/** Two values as `measure` shows them, or with as many digits as it takes to show their difference. */
export function measures(from: number, to: number): [string, string] {
  let labels: [string, string] = [measure(from), measure(to)];
  for (let digits = 7; digits <= 17 && !showsDifference(labels, to - from); digits++)
    labels = [digitsLabel(from, digits), digitsLabel(to, digits)];
  return labels;
}

function showsDifference([from, to]: readonly [string, string], difference: number): boolean {
  const error = Math.abs(Number(to) - Number(from) - difference);
  return !(error > DIFFERENCE_ERROR * Math.abs(difference));
}

function digitsLabel(x: number, digits: number): string {
  const rounded = Number(x.toPrecision(digits));
  // Rounding the largest doubles gives infinity.
  return String(Number.isFinite(rounded) ? rounded : x);
}

/** `, ×1.61`; empty where three digits would say ×1, or without a ratio. */
export function timesLabel(ratio: number | null): string {
  const label = ratio === null ? '1' : ratioLabel(ratio);
  return label === '1' ? '' : `, ×${label}`;
}

/** A ratio in three significant digits. */
export function ratioLabel(ratio: number): string {
  const short = Number(ratio.toPrecision(3));
  // Rounding the largest doubles gives infinity.
  return String(Number.isFinite(short) ? short : ratio);
}

/** A name as code: between backquotes, printable, at most 40 characters. */
export function codeQuoted(name: string): string {
  return `\`${printable(name).replaceAll('`', "'")}\``;
}

/** A name between double quotes: printable, at most 40 characters. */
export function quoted(name: string): string {
  return `"${printable(name).replaceAll('"', '\\"')}"`;
}

/** Cut at 40 characters, by code points, with control, format and lone surrogate characters as \u escapes. */
function printable(name: string): string {
  const characters = [...name.slice(0, 4 * MAX_NAME_LENGTH)];
  const isLong = characters.length > MAX_NAME_LENGTH;
  const kept = isLong ? characters.slice(0, MAX_NAME_LENGTH - 1) : characters;
  return kept.map(escaped).join('') + (isLong ? '…' : '');
}

function escaped(character: string): string {
  if (!/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16)}}`;
}
