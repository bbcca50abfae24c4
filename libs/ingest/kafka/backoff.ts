const FIRST_MS = 250;
const MAX_MS = 10_000;

/** How long to wait after so many failures in a row: doubling up to ten seconds, for ever. */
export function backoffMs(failures: number): number {
  return Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(failures, 10));
}
