import { decodeCursor, LeewayError, toPage, type Database, type Page, type PageRequest } from '#platform';
import type { Diagnosis } from '#diagnosis';
import type { Labels } from '#signals';
import type { Severity } from './schemas.js';

export interface AlertEvent {
  readonly at: string;
  readonly from: string;
  readonly to: string;
  readonly cause: string;
}

/** One rule that holds for one label set. */
export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly model: string;
  readonly labels: Labels;
  readonly fingerprint: string;
  readonly severity: Severity;
  readonly state: 'pending' | 'firing' | 'resolved';
  /** How it ended: the condition cleared, or the version it is about no longer takes traffic. */
  readonly endReason: 'resolved' | 'superseded' | null;
  readonly activeAt: string;
  readonly firedAt: string | null;
  readonly endedAt: string | null;
  readonly value: number | null;
  readonly summary: string;
  readonly description: string;
  readonly runbookUrl: string | null;
  readonly channels: readonly string[];
  readonly diagnosis: Diagnosis | null;
  /** What became of the rule's retraining trigger, or null when it has none. */
  readonly retraining: string | null;
}

export interface AlertRow {
  id: string;
  rule: string;
  model: string;
  labels: Record<string, string>;
  fingerprint: string;
  severity: Severity;
  state: Alert['state'];
  end_reason: Alert['endReason'];
  active_at: Date;
  clear_since: Date | null;
  fired_at: Date | null;
  ended_at: Date | null;
  value: number | null;
  summary: string;
  description: string;
  runbook_url: string | null;
  channels: string[];
  diagnosis: Diagnosis | null;
  retraining: string | null;
}

/** How many alerts of a rule are open; version and column are empty where an alert is about none. */
export interface OpenAlerts {
  readonly model: string;
  readonly rule: string;
  readonly severity: string;
  readonly state: string;
  readonly version: string;
  readonly column: string;
  readonly count: number;
}

/** Reads alerts. */
export class Alerts {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async list(
    query: PageRequest & {
      model?: string | undefined;
      state?: string | undefined;
      rule?: string | undefined;
    },
  ): Promise<Page<Alert>> {
    const rows = await this.database.query<AlertRow>(
      `select * from alert
        where ($1::text is null or model = $1) and ($2::text is null or state = $2) and ($3::text is null or rule = $3) and ($4::bigint is null or id < $4)
        order by id desc limit $5`,
      [
        query.model ?? null,
        query.state ?? null,
        query.rule ?? null,
        decodeCursor(query.cursor),
        query.limit + 1,
      ],
    );
    return toPage(rows, query.limit, (row) => row.id, toAlert);
  }

  /** The alert with its history, oldest event first. */
  async get(id: string): Promise<Alert & { readonly history: readonly AlertEvent[] }> {
    const [row] = await this.database.query<AlertRow>('select * from alert where id = $1', [id]);
    if (row === undefined)
      throw new LeewayError('not-found', `there is no alert with the id ${JSON.stringify(id)}`);
    const events = await this.database.query<{
      at: Date;
      from_state: string;
      to_state: string;
      cause: string;
    }>('select * from alert_event where alert_id = $1 order by id', [id]);
    return {
      ...toAlert(row),
      history: events.map((event) => ({
        at: event.at.toISOString(),
        from: event.from_state,
        to: event.to_state,
        cause: event.cause,
      })),
    };
  }

  /** How many alerts are open, by what /metrics shows of them; firing ones first. Served by alert_open. */
  async countOpen(): Promise<OpenAlerts[]> {
    const rows = await this.database.query<Omit<OpenAlerts, 'count'> & { count: string }>(
      `select model, rule, severity, state, coalesce(labels ->> 'version', '') as version,
              coalesce(labels ->> 'column', '') as "column", count(*) as count
         from alert where state in ('pending', 'firing')
        group by model, rule, severity, state, labels ->> 'version', labels ->> 'column'
        order by state, severity, model, rule`,
    );
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }
}

export function toAlert(row: AlertRow): Alert {
  return {
    id: row.id,
    rule: row.rule,
    model: row.model,
    labels: row.labels,
    fingerprint: row.fingerprint,
    severity: row.severity,
    state: row.state,
    endReason: row.end_reason,
    activeAt: row.active_at.toISOString(),
    firedAt: row.fired_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    value: row.value,
    summary: row.summary,
    description: row.description,
    runbookUrl: row.runbook_url,
    channels: row.channels,
    diagnosis: row.diagnosis,
    retraining: row.retraining,
  };
}
