import { LeewayError, toRfc3339, type Instant, type Sql } from '#platform';
import { labelTest } from './label-matchers.js';
import type { HistorySpan, Labels, SignalSelector } from './schemas.js';
import { staleAfterMs } from './staleness.js';

/** Samples of one answer, of all its series together. */
export const MAX_QUERY_SAMPLES = 100_000;
/** Steps of one series, as many as Prometheus answers. */
export const MAX_QUERY_STEPS = 11_000;

export interface SignalSeries {
  readonly name: string;
  readonly labels: Labels;
  readonly unit: string;
  readonly source: string;
  /** Oldest first: instant, value. */
  readonly samples: readonly (readonly [string, number | null])[];
  /** The instants of those whose true value is theirs or more; left out when there are none. */
  readonly atLeastAt?: readonly string[];
}

interface Matched {
  id: string;
  name: string;
  model: string;
  labels: Record<string, string>;
  unit: string;
  source: string;
  spacing_ms: number | null;
}

interface Point {
  readonly at: Instant;
  readonly value: number | null;
  readonly isAtLeast: boolean;
}

/** Every stored sample with `from <= at < to`, per label set; series without one are left out. @throws LeewayError `range-too-wide` */
export async function storedHistory(
  sql: Sql,
  selector: SignalSelector,
  from: Instant,
  to: Instant,
): Promise<SignalSeries[]> {
  const signals = await matchedSignals(sql, selector);
  const rows = await sql.query<{ id: string; at: Date; value: number | null; is_at_least: boolean }>(
    `select signal_id as id, at, value, is_at_least from signal_sample
      where signal_id = any ($1::bigint[]) and at >= $2 and at < $3 order by signal_id, at limit $4`,
    [signals.map(({ id }) => id), toRfc3339(from), toRfc3339(to), MAX_QUERY_SAMPLES + 1],
  );
  if (rows.length > MAX_QUERY_SAMPLES) {
    throw new LeewayError(
      'range-too-wide',
      `more than ${MAX_QUERY_SAMPLES} samples match; ask for a shorter range, more labels, or a step`,
    );
  }
  const points = new Map<string, Point[]>();
  for (const { id, at, value, is_at_least: isAtLeast } of rows)
    listOf(points, id).push({ at: at.getTime(), value, isAtLeast });
  return seriesOf(signals, points);
}

/**
 * One value per step and label set: at `t` the newest sample of the step that ends at `t`, or, where the step has none, the newest before
 * it that is not stale. A step without either is a gap and left out; a sample that could not be measured is null.
 *
 * @throws LeewayError `range-too-wide`
 */
export async function steppedHistory(
  sql: Sql,
  selector: SignalSelector,
  span: HistorySpan,
): Promise<SignalSeries[]> {
  const stepCount = Math.floor((span.to - span.from) / span.stepMs) + 1;
  if (stepCount > MAX_QUERY_STEPS)
    throw new LeewayError(
      'range-too-wide',
      `the range has ${stepCount} steps and may have ${MAX_QUERY_STEPS}; ask for a shorter range or a longer step`,
    );
  const signals = await matchedSignals(sql, selector);
  if (signals.length * Math.max(stepCount, 0) > MAX_QUERY_SAMPLES)
    throw new LeewayError(
      'range-too-wide',
      `${signals.length} signals of ${stepCount} steps are more than ${MAX_QUERY_SAMPLES} values; ask for a shorter range, a longer step, or more labels`,
    );
  const newest = await newestPerStep(sql, signals, span);
  const points = new Map(
    signals.map((signal) => [signal.id, carried(newest.get(signal.id) ?? [], signal.spacing_ms, span)]),
  );
  return seriesOf(signals, points);
}

/** The signals that a selector names. Equal labels are found by the database, the other conditions here, each in linear time. */
async function matchedSignals(sql: Sql, selector: SignalSelector): Promise<Matched[]> {
  const conditions = selector.conditions ?? [];
  const matches = labelTest(conditions);
  const model = selector.model ?? conditions.find(({ label, op }) => label === 'model' && op === '=')?.value;
  const rows = await sql.query<Matched>(
    `select id, name, model, labels, unit, source, spacing_ms from signal
      where name = $1 and ($2::text is null or model = $2) and labels @> $3::jsonb order by id limit $4`,
    [selector.name, model ?? null, JSON.stringify(selector.matchers), MAX_QUERY_SAMPLES + 1],
  );
  if (rows.length > MAX_QUERY_SAMPLES)
    throw new LeewayError('range-too-wide', `more than ${MAX_QUERY_SAMPLES} signals match; name a model`);
  return rows.filter((row) => matches({ ...row.labels, model: row.model }));
}

/** The newest sample of each step that has one, oldest first. The primary key of each day serves it. */
async function newestPerStep(
  sql: Sql,
  signals: readonly Matched[],
  { from, to, stepMs }: HistorySpan,
): Promise<Map<string, Point[]>> {
  const lookbackMs = Math.max(stepMs, ...signals.map((signal) => staleAfterMs(signal.spacing_ms)));
  // Steps are numbered from the one that ends at `from`; those before it only serve to be carried on.
  const rows = await sql.query<{ id: string; at: Date; value: number | null; is_at_least: boolean }>(
    `select distinct on (signal_id, step) signal_id as id, at, value, is_at_least
       from (select *, ceil(extract(epoch from at - $2::timestamptz) * 1000 / $5) as step from signal_sample
              where signal_id = any ($1::bigint[]) and at > $3 and at <= $4) as sample
      order by signal_id, step, at desc`,
    [
      signals.map(({ id }) => id),
      toRfc3339(from),
      toRfc3339(from - lookbackMs),
      toRfc3339(from + Math.floor((to - from) / stepMs) * stepMs),
      stepMs,
    ],
  );
  const points = new Map<string, Point[]>();
  for (const { id, at, value, is_at_least: isAtLeast } of rows)
    listOf(points, id).push({ at: at.getTime(), value, isAtLeast });
  return points;
}

/** What is known at each step: the newest sample up to it, as long as the step or the staleness of the signal goes back. */
function carried(
  samples: readonly Point[],
  spacingMs: number | null,
  { from, to, stepMs }: HistorySpan,
): Point[] {
  const lookbackMs = Math.max(stepMs, staleAfterMs(spacingMs));
  const points: Point[] = [];
  let next = 0;
  for (let at = from; at <= to; at += stepMs) {
    while (next < samples.length && (samples[next]?.at ?? Infinity) <= at) next += 1;
    const newest = samples[next - 1];
    if (newest !== undefined && newest.at > at - lookbackMs) points.push({ ...newest, at });
  }
  return points;
}

function seriesOf(
  signals: readonly Matched[],
  points: ReadonlyMap<string, readonly Point[]>,
): SignalSeries[] {
  return signals.flatMap(({ id, name, model, labels, unit, source }) => {
    const samples = points.get(id) ?? [];
    if (samples.length === 0) return [];
    const atLeastAt = samples.filter(({ isAtLeast }) => isAtLeast).map(({ at }) => toRfc3339(at));
    return [
      {
        ...{ name, labels: { ...labels, model }, unit, source },
        samples: samples.map(({ at, value }) => [toRfc3339(at), value] as const),
        ...(atLeastAt.length === 0 ? {} : { atLeastAt }),
      },
    ];
  });
}

function listOf<Item>(lists: Map<string, Item[]>, key: string): Item[] {
  const known = lists.get(key);
  if (known !== undefined) return known;
  const list: Item[] = [];
  lists.set(key, list);
  return list;
}
