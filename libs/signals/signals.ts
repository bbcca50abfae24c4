import {
  DailyPartitions,
  decodeCursor,
  toPage,
  toRfc3339,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Sql,
} from '#platform';
import { labelTest } from './label-matchers.js';
import type {
  HistorySpan,
  LabelMatcher,
  Labels,
  SignalSample,
  SignalSelector,
  SignalTail,
} from './schemas.js';
import { steppedHistory, storedHistory, type SignalSeries } from './signal-history.js';
import { admit, keyed, type KeyedSample, type SignalRefusal } from './signal-limits.js';
import { problemsOf, replaceProblems, type ReportedProblem, type SignalProblem } from './signal-problems.js';
import { isStale } from './staleness.js';

export interface Signal {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly labels: Labels;
  readonly unit: string;
  readonly source: string;
  readonly lastAt: string;
  readonly lastValue: number | null;
  /** The true value is the last one or more. */
  readonly isAtLeast: boolean;
  /** The last value is too old to tell anything of now: see `staleAfterMs`. */
  readonly stale: boolean;
  /** Why there is no newer value, as its source says; null when nothing is wrong. */
  readonly lastError: { readonly detail: string; readonly since: string; readonly at: string } | null;
}

/** A signal that comes once a day is stale after three. */
const MAX_SHOWN_AGE_MS = 3 * 86_400_000;

/** A signal with the value that was measured last. */
export interface NewestSignal {
  readonly name: string;
  readonly model: string;
  readonly labels: Labels;
  readonly value: number;
}

interface SignalRow {
  id: string;
  name: string;
  model: string;
  labels: Record<string, string>;
  unit: string;
  source: string;
  last_at: Date;
  last_value: number | null;
  last_is_at_least: boolean;
  spacing_ms: number | null;
  detail: string | null;
  since: Date | null;
  problem_at: Date | null;
}

export interface SignalsQuery extends PageRequest {
  readonly name?: string | undefined;
  readonly model?: string | undefined;
  readonly conditions?: readonly LabelMatcher[] | undefined;
}

const DAY_MS = 86_400_000;
/** Signals that are read at once while a list looks for those that match. */
const MATCH_BATCH = 5_000;
const MAX_LISTED_PROBLEMS = 1_000;

/** The one store of labelled numbers over time. */
export class Signals {
  private readonly partitions = new DailyPartitions('signal_sample');
  /** Refusals that were told already: they come again with every sample. */
  private readonly told = new Set<string>();

  /** `onRefusal` hears of the first refusal of each name by each source and model. */
  constructor(
    private readonly database: Database,
    private readonly onRefusal: (refusal: SignalRefusal) => void = () => undefined,
  ) {}

  /** Prepares the storage of samples at these instants. Call it before the transaction that writes them. */
  async prepare(instants: Iterable<Instant>): Promise<void> {
    await this.partitions.ensure(this.database, instants);
  }

  /** When the newest sample of a model's signals of this name is from, or null. Served by signal_model. */
  async newestAt(model: string, name: string): Promise<Instant | null> {
    const [row] = await this.database.query<{ newest: Date | null }>(
      'select max(last_at) as newest from signal where model = $1 and name = $2',
      [model, name],
    );
    return row?.newest?.getTime() ?? null;
  }

  /** When the newest sample that a source wrote is from, or null: it has written nothing. */
  async newestFrom(source: string): Promise<Instant | null> {
    const [row] = await this.database.query<{ newest: Date | null }>(
      'select max(last_at) as newest from signal where source = $1',
      [source],
    );
    return row?.newest?.getTime() ?? null;
  }

  /** The newest values of all signals that were measured and are not stale; at most `limit`, those that appeared first. */
  async newest(now: Instant, limit: number): Promise<NewestSignal[]> {
    const rows = await this.database.query<SignalRow>(
      'select * from signal where last_value is not null and last_at >= $1 order by id',
      [toRfc3339(now - MAX_SHOWN_AGE_MS)],
    );
    return rows
      .filter((row) => !isStale(row.last_at.getTime(), row.spacing_ms, now))
      .slice(0, limit)
      .map(({ name, model, labels, last_value: value }) => ({ name, model, labels, value: value ?? NaN }));
  }

  /**
   * Writes samples. A second sample of a signal at the same instant replaces the first, so a repeated evaluation changes nothing.
   *
   * Signals that exist are always written. New ones beyond the limits of the model or its collectors are not, and that is the last
   * error of their source and name: see `admit`. A measured sample ends the problems of its signal that were reported before it.
   *
   * Three statements at most, whatever the number of samples, and one for each refused name.
   */
  async write(sql: Sql, samples: readonly SignalSample[]): Promise<readonly SignalRefusal[]> {
    if (samples.length === 0) return [];
    const { written, refusals } = await admit(sql, samples.map(keyed));
    if (written.length > 0) await insertSamples(sql, written);
    const at = samples.reduce((newest, sample) => Math.max(newest, sample.at), -Infinity);
    for (const refusal of refusals) await this.keepRefusal(sql, refusal, at);
    return refusals;
  }

  private async keepRefusal(sql: Sql, refusal: SignalRefusal, at: Instant): Promise<void> {
    const { source, model, name, detail } = refusal;
    await sql.query(
      `insert into signal_problem as p (source, model, name, detail, since, at) values ($1, $2, $3, $4, $5, $5)
       on conflict (source, model, name) do update set detail = excluded.detail, at = excluded.at`,
      [source, model, name, detail, toRfc3339(at)],
    );
    const key = JSON.stringify([source, model, name]);
    if (this.told.has(key)) return;
    this.told.add(key);
    this.onRefusal(refusal);
  }

  /**
   * Says what is wrong with what a source writes of a model (null: of all models), instead of what it said before; an empty list says
   * that nothing is. `at` is the time of the samples that are missing: a measured sample of a later one ends a problem by itself.
   */
  async reportProblems(
    sql: Sql,
    of: { readonly source: string; readonly model: string | null },
    problems: readonly ReportedProblem[],
    at: Instant,
  ): Promise<void> {
    await replaceProblems(sql, of, problems, at);
  }

  /** What sources say is wrong, of one model or of all; also of signals that have no sample yet. */
  async problems(model: string | null): Promise<SignalProblem[]> {
    return problemsOf(this.database, model, MAX_LISTED_PROBLEMS);
  }

  /** The signals that match, with their newest value. `now` decides which are stale. */
  async list(query: SignalsQuery, now: Instant): Promise<Page<Signal>> {
    const matches = labelTest(query.conditions ?? []);
    const isFiltered = (query.conditions ?? []).length > 0;
    const batch = isFiltered ? MATCH_BATCH : query.limit + 1;
    const rows: SignalRow[] = [];
    let after = decodeCursor(query.cursor) ?? '0';
    for (;;) {
      const read = await this.listed(query, after, batch);
      rows.push(...read.filter((row) => matches({ ...row.labels, model: row.model })));
      const last = read.at(-1);
      if (rows.length > query.limit || read.length < batch || last === undefined) break;
      after = last.id;
    }
    return toPage(
      rows,
      query.limit,
      (row) => row.id,
      (row) => toSignal(row, now),
    );
  }

  private listed({ name, model }: SignalsQuery, after: string, count: number): Promise<SignalRow[]> {
    return this.database.query<SignalRow>(
      `select s.*, p.detail, p.since, p.at as problem_at
         from signal s
         left join lateral (
           select detail, since, at from signal_problem
            where source = s.source and model in (s.model, '') and name in (s.name, '')
            order by name desc, model desc limit 1
         ) as p on true
        where ($1::text is null or s.name = $1) and ($2::text is null or s.model = $2) and s.id > $3 order by s.id limit $4`,
      [name ?? null, model ?? null, after, count],
    );
  }

  /** Every stored sample with `from <= at < to`, per label set. @throws LeewayError `range-too-wide` */
  async query(selector: SignalSelector, from: Instant, to: Instant): Promise<SignalSeries[]> {
    return storedHistory(this.database, selector, from, to);
  }

  /** One value per step and label set: see `steppedHistory`. @throws LeewayError `range-too-wide` */
  async queryRange(selector: SignalSelector, span: HistorySpan): Promise<SignalSeries[]> {
    return steppedHistory(this.database, selector, span);
  }

  /** Drops the days before `before`, and the signals and problems of which nothing newer came. */
  async dropBefore(before: Instant): Promise<string[]> {
    const dropped = await this.partitions.dropBefore(this.database, before);
    // Only whole days are dropped, so a signal with samples left in the first day stays as long as they do.
    const day = toRfc3339(Math.floor(before / DAY_MS) * DAY_MS);
    await this.database.query(
      'delete from signal where id in (select id from signal where last_at < $1 for update skip locked)',
      [day],
    );
    await this.database.query('delete from signal_problem where at < $1', [day]);
    return dropped;
  }
}

/**
 * Stores samples, what is newest of each signal, and how far apart its samples are: the shortest distance of those that come together, or
 * that of the newest from the one before it, which may at most double each time, so that a time without samples does not look like the
 * new rhythm. Ends the problems of what was measured.
 */
async function insertSamples(sql: Sql, samples: readonly KeyedSample[]): Promise<void> {
  const rows = samples.map(({ sample, key }) => ({
    name: sample.name,
    model: sample.model,
    labels: sample.labels,
    labels_key: key,
    unit: sample.unit,
    source: sample.source,
    at: toRfc3339(sample.at),
    value: sample.value !== null && Number.isFinite(sample.value) ? sample.value : null,
    is_at_least: sample.isAtLeast === true,
  }));
  await sql.query(
    `with sample as materialized (
       select * from json_to_recordset($1::json) as r (name text, model text, labels jsonb, labels_key text, unit text, source text,
                                                      at timestamptz, value double precision, is_at_least boolean)
     ), newest as (
       select distinct on (name, labels_key) *, min(gap) over (partition by name, labels_key) as spacing
         from (select *, at - lag(at) over (partition by name, labels_key order by at) as gap
                 from (select distinct on (name, labels_key, at) * from sample) as once) as spaced
        order by name, labels_key, at desc
     ), known as (
       insert into signal as s (model, name, labels, labels_key, unit, source, last_at, last_value, last_is_at_least, spacing_ms)
       select model, name, labels, labels_key, unit, source, at, value, is_at_least, extract(epoch from spacing) * 1000
         from newest order by name, labels_key
       on conflict (name, labels_key) do update
          set last_at = excluded.last_at, last_value = excluded.last_value, last_is_at_least = excluded.last_is_at_least,
              unit = excluded.unit, source = excluded.source,
              spacing_ms = case when excluded.last_at = s.last_at then s.spacing_ms
                                else least(coalesce(excluded.spacing_ms, extract(epoch from excluded.last_at - s.last_at) * 1000),
                                           2 * s.spacing_ms) end
        where s.last_at <= excluded.last_at
       returning id, name, labels_key
     ), target as (
       select id, name, labels_key from known
       union
       select s.id, s.name, s.labels_key from signal s join sample using (name, labels_key)
     ), measured as (
       select source, model, name, max(at) as at from sample where value is not null group by source, model, name
     ), ended as (
       delete from signal_problem p using measured m
        where p.source = m.source and p.model in (m.model, '') and p.name in (m.name, '') and p.at < m.at
     )
     insert into signal_sample (signal_id, at, value, is_at_least)
     select distinct on (t.id, sample.at) t.id, sample.at, sample.value, sample.is_at_least
       from sample join target t using (name, labels_key) order by t.id, sample.at
     on conflict (signal_id, at) do update set value = excluded.value, is_at_least = excluded.is_at_least`,
    [JSON.stringify(rows)],
  );
}

/**
 * The newest `count` samples since `since` of every signal that matches, for rules. Reads in the caller's transaction.
 * A signal without one in that time comes with none: that is "missing", which a rule must see.
 */
export async function signalTails(
  sql: Sql,
  selector: SignalSelector,
  since: Instant,
  count: number,
): Promise<SignalTail[]> {
  const rows = await sql.query<{
    name: string;
    model: string;
    labels: Record<string, string>;
    samples: [string, number | null, boolean][] | null;
  }>(
    `select s.name, s.model, s.labels, tail.samples
       from signal s
       left join lateral (
         select json_agg(json_build_array(newest.at, newest.value, newest.is_at_least) order by newest.at desc) as samples
           from (select at, value, is_at_least from signal_sample where signal_id = s.id and at >= $4 order by at desc limit $5) as newest
       ) as tail on true
      where s.name = $1 and ($2::text is null or s.model = $2) and s.labels @> $3::jsonb
      order by s.id`,
    [selector.name, selector.model, JSON.stringify(selector.matchers), toRfc3339(since), count],
  );
  const matches = labelTest(selector.conditions ?? []);
  return rows
    .filter((row) => matches({ ...row.labels, model: row.model }))
    .map(({ name, model, labels, samples }) => ({
      name,
      model,
      labels,
      samples: (samples ?? []).map(([at, value, isAtLeast]) => ({
        at: Date.parse(at),
        value,
        ...(isAtLeast ? { isAtLeast } : {}),
      })),
    }));
}

function toSignal(row: SignalRow, now: Instant): Signal {
  const { detail, since, problem_at: problemAt } = row;
  return {
    id: row.id,
    name: row.name,
    model: row.model,
    labels: row.labels,
    unit: row.unit,
    source: row.source,
    lastAt: row.last_at.toISOString(),
    lastValue: row.last_value,
    isAtLeast: row.last_is_at_least,
    stale: isStale(row.last_at.getTime(), row.spacing_ms, now),
    lastError:
      detail === null || since === null || problemAt === null
        ? null
        : { detail, since: since.toISOString(), at: problemAt.toISOString() },
  };
}
