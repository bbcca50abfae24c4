/** Both sides add a million doubles in different orders. */
const ROUNDING = { absolute: 1e-9, relative: 1e-9 };

/**
 * Nothing, when both sides found the same: a comparison of times means nothing otherwise.
 * @throws Error when they did not
 */
export function expectClose(
  name: string,
  ours: unknown,
  theirs: unknown,
  { absolute, relative } = ROUNDING,
): void {
  const [a, b] = [ours, theirs].map((value) => (Array.isArray(value) ? (value as unknown[]) : [value]));
  const isClose = (x: unknown, y: unknown): boolean =>
    typeof x === 'number' && typeof y === 'number' && Math.abs(x - y) <= absolute + relative * Math.abs(y);
  if (a?.length === b?.length && a?.every((x, i) => isClose(x, b?.[i])) === true) return;
  throw new Error(`${name}: ours is ${JSON.stringify(ours)}, the peer's ${JSON.stringify(theirs)}`);
}
