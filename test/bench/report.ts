import { median } from 'simple-statistics';

/** One measured comparison. A ratio above 1 means that ours is better. */
export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  /** How much better ours is: peer / ours for times, ours / peer for rates. */
  readonly ratio: number;
  /** Null where the figure is shown for comparison only. */
  readonly target: number | null;
}

/** The median time of one call in nanoseconds, over `runs` timed calls after warming up. */
export async function medianNs(
  call: () => unknown,
  { runs = 9, warmups = 3 }: { runs?: number; warmups?: number } = {},
): Promise<number> {
  const times: number[] = [];
  for (let run = -warmups; run < runs; run += 1) {
    const start = process.hrtime.bigint();
    await call();
    if (run >= 0) times.push(Number(process.hrtime.bigint() - start));
  }
  return median(times);
}

/** Prints a table and, as the last line, one JSON object; exits with 1 when a target is missed. */
export function report(bench: string, results: readonly BenchResult[]): void {
  const rows = results.map((result) => ({
    name: result.name,
    [`ours`]: `${round(result.ours)} ${result.unit}`,
    peer: `${round(result.peer)} ${result.unit} (${result.peerName})`,
    ratio: round(result.ratio),
    target: result.target === null ? '' : `>= ${result.target}`,
    met: result.target === null ? '' : isReached(result) ? 'yes' : 'NO',
  }));
  console.table(rows);
  const isMet = results.every(isReached);
  console.log(
    JSON.stringify({
      bench,
      isMet,
      results: results.map(({ name, unit, ours, peer, ratio, target }) => ({
        name,
        unit,
        ours,
        peer,
        ratio,
        target,
      })),
    }),
  );
  process.exit(isMet ? 0 : 1);
}

function isReached({ ratio, target }: BenchResult): boolean {
  return target === null || ratio >= target;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
