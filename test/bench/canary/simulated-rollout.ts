import type { RolloutStep, ServingCounts } from '#rollouts';
import type { Chance } from '../calibration/chance.js';
import { poisson } from './poisson.js';
import type { Latencies } from './latencies.js';

const MINUTE_MS = 60_000;

/** How one version serves. */
export interface Served {
  readonly serverErrorRatio: number;
  readonly clientErrorRatio: number;
  readonly latencies: Latencies;
}

/** A rollout to simulate: both versions over the same minutes. */
export interface Scenario {
  readonly requestsPerSecond: number;
  /** The canary's share of the requests in a minute. */
  readonly canaryShare: (minute: number) => number;
  /** What the error ratios of both versions are multiplied by in a minute: bad times hit both. */
  readonly trouble?: (minute: number) => number;
  readonly edges: readonly number[];
  readonly stable: Served;
  readonly canary: Served;
  readonly minutes: number;
}

/** The counts of every minute. Requests come as a Poisson process, so every kind of call is one of its own. */
export function simulatedSteps(scenario: Scenario, chance: Chance): RolloutStep[] {
  const { requestsPerSecond, canaryShare, trouble = () => 1, edges } = scenario;
  const cellsOf = [scenario.stable, scenario.canary].map(({ latencies }) => cellShares(latencies, edges));
  return Array.from({ length: scenario.minutes }, (_, minute) => {
    const share = canaryShare(minute);
    const [stable, canary] = [1 - share, share].map((part, version) =>
      countsOf(
        {
          requests: 60 * requestsPerSecond * part,
          served: version === 0 ? scenario.stable : scenario.canary,
          trouble: trouble(minute),
          edges,
          cells: cellsOf[version] ?? [],
        },
        chance,
      ),
    );
    return { at: minute * MINUTE_MS, stable: stable ?? null, canary: canary ?? null };
  });
}

interface Minute {
  readonly requests: number;
  readonly served: Served;
  readonly trouble: number;
  readonly edges: readonly number[];
  readonly cells: readonly number[];
}

/** Calls that fail have no latency, as with servers that time answers only. */
function countsOf({ requests, served, trouble, edges, cells }: Minute, chance: Chance): ServingCounts {
  const serverErrors = poisson(requests * served.serverErrorRatio * trouble, chance);
  const clientErrors = poisson(requests * served.clientErrorRatio, chance);
  const answered = requests * Math.max(0, 1 - served.serverErrorRatio * trouble - served.clientErrorRatio);
  let sum = 0;
  const latency = cells.map((share, k) => {
    sum += poisson(answered * share, chance);
    return { le: edges[k] ?? Infinity, count: sum };
  });
  return { requests: sum + serverErrors + clientErrors, clientErrors, serverErrors, latency };
}

function cellShares({ shareAbove }: Latencies, edges: readonly number[]): number[] {
  const above = [1, ...edges.map(shareAbove), 0];
  return above.slice(1).map((share, k) => Math.max(0, (above[k] ?? 0) - share));
}
