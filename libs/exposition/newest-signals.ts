import { toRfc3339, type Instant, type Sql } from '#platform';
import type { Labels } from '#signals';
import { shownSpans, type SignalSpan } from './shown-spans.js';

/** Signals of one model on /metrics. A model of 300 columns has 2,000; more of them make a Prometheus slow before they make anybody wiser. */
export const MAX_SIGNALS_PER_MODEL = 2_000;
/** Signals of all models on /metrics: 4 MB of text. Prometheus waits 10 s for a page by default. */
export const MAX_SIGNALS = 20_000;
/** The newest sample of a signal. */
export interface NewestSignal {
  readonly model: string;
  readonly name: string;
  readonly labels: Labels;
  readonly unit: string;
  readonly source: string;
  /** null is "could not be measured". */
  readonly value: number | null;
}

export interface NewestSignals {
  readonly shown: readonly NewestSignal[];
  /** Signals that are new enough, and not shown because there are too many. */
  readonly leftOutCount: number;
}

/**
 * The signals of drift, windows and performance that are shown now. Of a model that has too many, what is about the whole model comes
 * first, then columns, then segments; of too many models, each has its first ones.
 */
export async function newestSignals(sql: Sql, now: Instant): Promise<NewestSignals> {
  const spans = await shownSpans(sql, now);
  const rows = await sql.query<NewestSignal & { candidate_count: string }>(STATEMENT, [
    JSON.stringify(spans.map(asRow)),
    MAX_SIGNALS_PER_MODEL,
    MAX_SIGNALS,
  ]);
  const shown = rows.map(({ candidate_count: _, ...signal }) => signal);
  return { shown, leftOutCount: Number(rows[0]?.candidate_count ?? 0) - shown.length };
}

/** One scan of `signal`, which has 10,000 rows of a model at the most. */
const STATEMENT = `
  with span as (
    select * from json_to_recordset($1::json) as r (source text, model text, monitor text, since timestamptz, reach timestamptz)
  ), candidate as (
    select s.id, s.model, s.name, s.labels, s.unit, s.source, s.last_value, span.since,
           max(s.last_at) over (partition by s.model, s.source, s.labels ->> 'version', s.labels ->> 'monitor') as newest
      from signal s
      join span on span.source = s.source and span.model = s.model and (span.monitor is null or span.monitor = s.labels ->> 'monitor')
     where s.last_at >= span.reach
  ), placed as (
    select *, row_number() over (partition by model order by
             case when labels ? 'column' then 1
                  when coalesce(labels ->> 'segment', 'all') <> 'all' then 2 else 0 end, id) as place,
           count(*) over () as candidate_count
      from candidate where newest >= since
  )
  select model, name, labels, unit, source, last_value as value, candidate_count
    from placed where place <= $2 order by place, id limit $3`;

function asRow({ source, model, monitor, since, reach }: SignalSpan): object {
  return { source, model, monitor, since: toRfc3339(since), reach: toRfc3339(reach) };
}
