import {
  DailyPartitions,
  decodeCursor,
  LeewayError,
  toPage,
  toRfc3339,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Sql,
} from '#platform';
import {
  labelsKey,
  type Labels,
  type SignalSample,
  type SignalSelector,
  type SignalTail,
} from './schemas.js';

/** Signals of one model: label sets, not samples. A label with unbounded values must end in a refusal, not in a slow death. */
export const MAX_SIGNALS_PER_MODEL = 10_000;
/** Samples of one query. */
const MAX_QUERY_SAMPLES = 100_000;

export interface Signal {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly labels: Labels;
  readonly unit: string;
  readonly source: string;
  readonly lastAt: string;
  readonly lastValue: number | null;
}

export interface SignalSeries {
  readonly name: string;
  readonly labels: Labels;
  readonly unit: string;
  /** Oldest first: instant, value. */
  readonly samples: readonly (readonly [string, number | null])[];
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
}

/** The one store of labelled numbers over time. */
export class Signals {
  private readonly partitions = new DailyPartitions('signal_sample');

  constructor(private readonly database: Database) {}

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

  /**
   * Writes samples. A second sample of a signal at the same instant replaces the first, so a repeated evaluation changes nothing.
   *
   * @throws LeewayError `signal-limit-reached` when a model would get too many signals; then nothing is written
   */
  async write(sql: Sql, samples: readonly SignalSample[]): Promise<void> {
    if (samples.length === 0) return;
    const rows = samples.map((sample) => ({
      name: sample.name,
      model: sample.model,
      labels: sample.labels,
      labels_key: labelsKey({ ...sample.labels, model: sample.model }),
      unit: sample.unit,
      source: sample.source,
      at: toRfc3339(sample.at),
      value: sample.value !== null && Number.isFinite(sample.value) ? sample.value : null,
    }));
    await refuseTooMany(sql, rows);
    await sql.query(
      `with sample as (
         select * from json_to_recordset($1::json) as r (name text, model text, labels jsonb, labels_key text, unit text, source text,
                                                        at timestamptz, value double precision)
       ), known as (
         insert into signal (model, name, labels, labels_key, unit, source, last_at, last_value)
         select distinct on (name, labels_key) model, name, labels, labels_key, unit, source, at, value
           from sample order by name, labels_key, at desc
         on conflict (name, labels_key) do update
            set last_at = excluded.last_at, last_value = excluded.last_value, unit = excluded.unit, source = excluded.source
          where signal.last_at <= excluded.last_at
         returning id, name, labels_key
       ), target as (
         select id, name, labels_key from known
         union
         select s.id, s.name, s.labels_key from signal s join sample using (name, labels_key)
       )
       insert into signal_sample (signal_id, at, value)
       select distinct on (t.id, sample.at) t.id, sample.at, sample.value
         from sample join target t using (name, labels_key) order by t.id, sample.at
       on conflict (signal_id, at) do update set value = excluded.value`,
      [JSON.stringify(rows)],
    );
  }

  async list(
    query: PageRequest & { name?: string | undefined; model?: string | undefined },
  ): Promise<Page<Signal>> {
    const rows = await this.database.query<SignalRow>(
      `select * from signal
        where ($1::text is null or name = $1) and ($2::text is null or model = $2) and id > $3 order by id limit $4`,
      [query.name ?? null, query.model ?? null, decodeCursor(query.cursor) ?? '0', query.limit + 1],
    );
    return toPage(rows, query.limit, (row) => row.id, toSignal);
  }

  /** The history of the signals that match, per label set. @throws LeewayError `range-too-wide` */
  async query(selector: SignalSelector, from: Instant, to: Instant): Promise<SignalSeries[]> {
    const rows = await this.database.query<SignalRow & { at: Date; value: number | null }>(
      `select s.*, x.at, x.value from signal s join signal_sample x on x.signal_id = s.id
        where s.name = $1 and ($2::text is null or s.model = $2) and s.labels @> $3::jsonb and x.at >= $4 and x.at < $5
        order by s.id, x.at limit $6`,
      [
        selector.name,
        selector.model,
        JSON.stringify(selector.matchers),
        toRfc3339(from),
        toRfc3339(to),
        MAX_QUERY_SAMPLES + 1,
      ],
    );
    if (rows.length > MAX_QUERY_SAMPLES) {
      throw new LeewayError(
        'range-too-wide',
        `more than ${MAX_QUERY_SAMPLES} samples match; ask for a shorter range or more labels`,
      );
    }
    const series = new Map<
      string,
      { name: string; labels: Labels; unit: string; samples: [string, number | null][] }
    >();
    for (const row of rows) {
      let one = series.get(row.id);
      if (one === undefined)
        series.set(
          row.id,
          (one = {
            name: row.name,
            labels: { ...row.labels, model: row.model },
            unit: row.unit,
            samples: [],
          }),
        );
      one.samples.push([row.at.toISOString(), row.value]);
    }
    return [...series.values()];
  }

  /** Drops the days before `before`. */
  async dropBefore(before: Instant): Promise<string[]> {
    return this.partitions.dropBefore(this.database, before);
  }
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
    samples: [string, number | null][] | null;
  }>(
    `select s.name, s.model, s.labels, tail.samples
       from signal s
       left join lateral (
         select json_agg(json_build_array(newest.at, newest.value) order by newest.at desc) as samples
           from (select at, value from signal_sample where signal_id = s.id and at >= $4 order by at desc limit $5) as newest
       ) as tail on true
      where s.name = $1 and ($2::text is null or s.model = $2) and s.labels @> $3::jsonb
      order by s.id`,
    [selector.name, selector.model, JSON.stringify(selector.matchers), toRfc3339(since), count],
  );
  return rows.map(({ name, model, labels, samples }) => ({
    name,
    model,
    labels,
    samples: (samples ?? []).map(([at, value]) => ({ at: Date.parse(at), value })),
  }));
}

async function refuseTooMany(
  sql: Sql,
  rows: readonly { model: string; name: string; labels_key: string }[],
): Promise<void> {
  const models = [...new Set(rows.map(({ model }) => model))];
  const counts = await sql.query<{ model: string; total: string; fresh: string }>(
    `select m.model,
            (select count(*) from signal s where s.model = m.model) as total,
            (select count(distinct (r.name, r.labels_key)) from json_to_recordset($2::json) as r (model text, name text, labels_key text)
              where r.model = m.model and not exists (select 1 from signal s where s.name = r.name and s.labels_key = r.labels_key)) as fresh
       from unnest($1::text[]) as m (model)`,
    [models, JSON.stringify(rows)],
  );
  const over = counts.find(
    ({ total, fresh }) => Number(fresh) > 0 && Number(total) + Number(fresh) > MAX_SIGNALS_PER_MODEL,
  );
  if (over !== undefined) {
    throw new LeewayError(
      'signal-limit-reached',
      `the model ${JSON.stringify(over.model)} has ${over.total} signals and may have ${MAX_SIGNALS_PER_MODEL}; a label with many values (an id, a path) is the usual cause`,
    );
  }
}

function toSignal(row: SignalRow): Signal {
  return {
    id: row.id,
    name: row.name,
    model: row.model,
    labels: row.labels,
    unit: row.unit,
    source: row.source,
    lastAt: row.last_at.toISOString(),
    lastValue: row.last_value,
  };
}
