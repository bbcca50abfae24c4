/** A number in at most four significant digits, whole numbers in full up to seven digits. */
export function numberLabel(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 1e7) return String(x + 0);
  const short = Number(x.toPrecision(4));
  return String(Number.isFinite(short) ? short : x);
}
