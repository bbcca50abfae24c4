import { toRfc3339, type Instant, type Sql } from '#platform';

/** Why a source has no newest value, and since when. */
export interface SignalProblem {
  readonly source: string;
  /** null for what is wrong with all that the source writes. */
  readonly model: string | null;
  /** The signal; null for all of the model. */
  readonly name: string | null;
  readonly detail: string;
  readonly since: string;
  /** When it was reported last. */
  readonly at: string;
}

/** One problem as a source reports it. `name` is the signal that has no value; null is all that the source writes of the model. */
export interface ReportedProblem {
  readonly name: string | null;
  readonly detail: string;
}

/** Problems of one source and model that are kept; the rest of a long report says nothing new. */
const MAX_PROBLEMS = 200;
const MAX_DETAIL_LENGTH = 1_000;

export interface ProblemRow {
  source: string;
  model: string;
  name: string;
  detail: string;
  since: Date;
  at: Date;
}

/**
 * Replaces what is wrong with what a source writes of a model; an empty list clears it. Several problems of one signal become one text.
 * A later sample that was measured clears the problem of its signal, whether or not the source reports again.
 */
export async function replaceProblems(
  sql: Sql,
  { source, model }: { readonly source: string; readonly model: string | null },
  problems: readonly ReportedProblem[],
  at: Instant,
): Promise<void> {
  const byName = new Map<string, string[]>();
  for (const { name, detail } of problems) {
    const key = name ?? '';
    byName.set(key, [...(byName.get(key) ?? []), detail]);
  }
  const rows = [...byName].slice(0, MAX_PROBLEMS).map(([name, details]) => ({
    name,
    detail: storable(details.join('; ')),
  }));
  await sql.query(
    `with reported as (
       select * from json_to_recordset($3::json) as r (name text, detail text)
     ), cleared as (
       delete from signal_problem where source = $1 and model = $2 and name not in (select name from reported)
     )
     insert into signal_problem as p (source, model, name, detail, since, at)
     select $1, $2, name, detail, $4, $4 from reported
     on conflict (source, model, name) do update
        set since = case when p.detail = excluded.detail then p.since else excluded.since end, detail = excluded.detail, at = excluded.at`,
    [source, model ?? '', JSON.stringify(rows), toRfc3339(at)],
  );
}

/** What is wrong, of one model or of all, newest first. */
export async function problemsOf(sql: Sql, model: string | null, limit: number): Promise<SignalProblem[]> {
  const rows = await sql.query<ProblemRow>(
    `select * from signal_problem where $1::text is null or model in ($1, '') order by at desc, source, model, name limit $2`,
    [model, limit],
  );
  return rows.map(toProblem);
}

function toProblem({ source, model, name, detail, since, at }: ProblemRow): SignalProblem {
  return {
    source,
    model: model === '' ? null : model,
    name: name === '' ? null : name,
    detail,
    since: since.toISOString(),
    at: at.toISOString(),
  };
}

/** Texts come from other servers: cut, and without what PostgreSQL cannot store. */
function storable(detail: string): string {
  return detail.slice(0, MAX_DETAIL_LENGTH).toWellFormed().replaceAll('\0', '');
}
