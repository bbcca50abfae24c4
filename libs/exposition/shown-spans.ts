import { durationMs, type Instant, type Sql } from '#platform';

/** A pass that is held up, or a model without traffic at night, must not make series come and go. */
const MIN_SHOWN_MS = 3 * 3_600_000;
/** A series outlives this many turns of what writes it: one that is late is not gone. */
const SHOWN_TURNS = 3;
/** Windows of performance where the model says nothing; see `performanceWindowMs`. */
const USUAL_PERFORMANCE_WINDOW_MS = 3_600_000;

/** How long signals of one source and model are shown, of drift those of one monitor. */
export interface SignalSpan {
  readonly source: string;
  readonly model: string;
  readonly monitor: string | null;
  /** Something of this source must have been written of the version since; else the version is not evaluated any more. */
  readonly since: Instant;
  /** The sample itself may be from as long ago as this: ground truth comes days after its window. */
  readonly reach: Instant;
}

interface ModelRow {
  model: string;
  grain: string;
  window: string | null;
  deadline: string | null;
}

/**
 * Which signals are shown. What is not registered any more has no span: a deleted model, a monitor that was removed.
 */
export async function shownSpans(sql: Sql, now: Instant): Promise<SignalSpan[]> {
  const models = await sql.query<ModelRow>(
    `select name as model, spec ->> 'grain' as grain, spec -> 'performance' ->> 'window' as window,
            spec -> 'performance' ->> 'deadline' as deadline from model`,
  );
  const monitors = await sql.query<{ model: string; monitor: string; every: string }>(
    `select m.name as model, o.name as monitor, o.spec ->> 'every' as every from monitor o join model m on m.id = o.model_id`,
  );
  return [
    ...models.flatMap((row) => spansOfModel(row, now)),
    ...monitors.map(({ model, monitor, every }) => {
      const since = now - turnsOf(durationMs(every));
      return { source: 'drift', model, monitor, since, reach: since };
    }),
  ];
}

function spansOfModel({ model, grain, window, deadline }: ModelRow, now: Instant): SignalSpan[] {
  const ingestSince = now - turnsOf(durationMs(grain));
  const windowMs = window === null ? USUAL_PERFORMANCE_WINDOW_MS : durationMs(window);
  const evaluatedSince = now - turnsOf(windowMs + durationMs(grain));
  const labelledSince = evaluatedSince - (deadline === null ? 0 : durationMs(deadline));
  return [
    { source: 'ingest', model, monitor: null, since: ingestSince, reach: ingestSince },
    { source: 'performance', model, monitor: null, since: evaluatedSince, reach: labelledSince },
  ];
}

function turnsOf(turnMs: number): number {
  return Math.max(MIN_SHOWN_MS, SHOWN_TURNS * turnMs);
}
