import { countedVectors, servingCounts, type CountedLines } from '../lines/counted-lines.js';
import type { LabelledValue, Vector } from '../lines/line.js';
import { vectorQuery } from '../lines/promql.js';
import { StepCollector, stepStarts, type StepRange, type StepsByVersion } from '../serving-steps.js';
import { inTurn } from './in-turn.js';
import type { PrometheusClient } from './prometheus-client.js';

const QUERIES_AT_ONCE = 4;
/** Points of one range query. */
const POINTS_PER_QUERY = 500;

type Answers = ReadonlyMap<number, LabelledValue[]>;

/**
 * The serving counts of versions, step by step: how much each counter grew within the step, as `increase` tells it (extrapolated, so not
 * always whole). A step must hold at least two scrapes.
 *
 * @throws Error that says why the server did not answer
 */
export async function prometheusCounts(
  client: PrometheusClient,
  { counted, version }: { readonly counted: CountedLines; readonly version: string | null },
  versions: readonly string[],
  range: StepRange,
  signal: AbortSignal,
): Promise<StepsByVersion> {
  const starts = stepStarts(range);
  const collector = new StepCollector();
  for (let first = 0; first < starts.length; first += POINTS_PER_QUERY) {
    const piece = starts.slice(first, first + POINTS_PER_QUERY);
    const answers = await readPiece(client, counted, piece, range.stepMs, signal);
    for (const at of piece) {
      const read = (vector: Vector): readonly LabelledValue[] =>
        answers.get(vector)?.get(at + range.stepMs) ?? [];
      for (const [name, counts] of servingCounts(counted, version, read)) collector.add(name, { at, counts });
    }
  }
  return collector.of(versions);
}

async function readPiece(
  client: PrometheusClient,
  counted: CountedLines,
  starts: readonly number[],
  stepMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<Vector, Answers>> {
  const [from = 0, to = 0] = [starts[0], starts.at(-1)];
  // What happened in a step is known at its end.
  const span = { from: from + stepMs, to: to + stepMs, stepMs };
  const read = await inTurn(countedVectors(counted), QUERIES_AT_ONCE, async ({ vector, labels }) => {
    const query = vectorQuery({ ...vector, of: 'increase' }, labels, {
      windowMs: stepMs,
      staleAfterMs: null,
    });
    const outcome = await client.queryRange(query, span, signal);
    if (outcome.kind === 'failed') throw new Error(outcome.problem.detail);
    const byTime = new Map<number, LabelledValue[]>();
    for (const { labels: named, points } of outcome.series) {
      for (const [at, value] of points) {
        const values = byTime.get(at);
        if (values === undefined) byTime.set(at, [{ labels: named, value }]);
        else values.push({ labels: named, value });
      }
    }
    return [vector, byTime] as const;
  });
  return new Map(read);
}
