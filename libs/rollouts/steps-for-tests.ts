import type { RolloutStep, ServingCounts } from './serving-counts.js';

export const MINUTE = 60_000;

/** A minute of a version: answers in the buckets up to 0.1, 0.25, 0.5 s and above, besides errors. */
export function served(
  cells: readonly [number, number, number, number],
  { serverErrors = 0, clientErrors = 0 } = {},
): ServingCounts {
  const [fast, middle, slow, slowest] = cells;
  const all = fast + middle + slow + slowest;
  return {
    requests: all + serverErrors + clientErrors,
    clientErrors,
    serverErrors,
    latency: [
      { le: 0.1, count: fast },
      { le: 0.25, count: fast + middle },
      { le: 0.5, count: fast + middle + slow },
      { le: Infinity, count: all },
    ],
  };
}

/** 900 calls of which 9 have a server error, p99 of about 0.2 s. */
export const STABLE = served([700, 189, 2, 0], { serverErrors: 9 });
/** The same with a ninth of the traffic. */
export const HEALTHY = served([78, 21, 0, 0], { serverErrors: 1 });

/** The same minutes again and again. */
export function minutesOf(
  count: number,
  stable: ServingCounts | null,
  canary: ServingCounts | null,
): RolloutStep[] {
  return Array.from({ length: count }, (_, minute) => ({ at: minute * MINUTE, stable, canary }));
}
