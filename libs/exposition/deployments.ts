import { toRfc3339, type Instant, type Sql } from '#platform';

/** A deployment that is over is shown for as long as somebody looks back at what followed from it. */
const SHOWN_FOR_MS = 7 * 24 * 3_600_000;
/** Deployments on /metrics, the newest first. */
export const MAX_DEPLOYMENTS = 1_000;

/** What went live, and with which share of the traffic. */
export interface ShownDeployment {
  readonly labels: {
    readonly model: string;
    readonly version: string;
    readonly environment: string;
    readonly kind: string;
  };
  readonly startedAt: Instant;
  /** null once it ended. */
  readonly trafficShare: number | null;
}

/** The deployments that are live or began within a week; of several of one version, environment and kind, the last. */
export async function shownDeployments(sql: Sql, now: Instant): Promise<ShownDeployment[]> {
  const rows = await sql.query<{
    model: string;
    version: string;
    environment: string;
    kind: string;
    started_at: Date;
    traffic_share: number | null;
  }>(
    `select m.name as model, v.name as version, d.environment, d.kind, max(d.started_at) as started_at,
            max(d.traffic_share) filter (where d.ended_at is null) as traffic_share
       from deployment d join version v on v.id = d.version_id join model m on m.id = d.model_id
      where d.ended_at is null or d.started_at >= $1
      group by m.name, v.name, d.environment, d.kind
      order by max(d.started_at) desc limit $2`,
    [toRfc3339(now - SHOWN_FOR_MS), MAX_DEPLOYMENTS],
  );
  return rows.map(({ started_at: startedAt, traffic_share: trafficShare, ...labels }) => ({
    labels,
    startedAt: startedAt.getTime(),
    trafficShare,
  }));
}
