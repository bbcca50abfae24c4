import {
  decodeCursor,
  LeewayError,
  toPage,
  type Clock,
  type Database,
  type Page,
  type PageRequest,
  type Sql,
} from '#platform';
import type { Models, Version } from './models.js';
import type { DeploymentSpec } from './schemas.js';

/** Version V went live at T, in an environment, with a share of the traffic, until it ended. */
export interface Deployment {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly environment: string;
  readonly kind: 'full' | 'canary' | 'shadow';
  readonly trafficShare: number;
  readonly revision: string | null;
  readonly description: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

interface DeploymentRow {
  id: string;
  model: string;
  version: string;
  environment: string;
  kind: Deployment['kind'];
  traffic_share: number;
  revision: string | null;
  description: string | null;
  started_at: Date;
  ended_at: Date | null;
}

const SELECT = `
  select d.id, m.name as model, v.name as version, d.environment, d.kind, d.traffic_share, d.revision, d.description,
         d.started_at, d.ended_at
    from deployment d join model m on m.id = d.model_id join version v on v.id = d.version_id`;

/** What went live when. A full deployment ends the full one before it in its environment. */
export class Deployments {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly clock: Clock,
  ) {}

  /** @throws LeewayError `already-exists` when exactly this is live already: a request that was sent again */
  async register(modelName: string, spec: DeploymentSpec): Promise<Deployment> {
    const version = await this.models.getVersion(modelName, spec.version);
    const startedAt = spec.startedAt ?? new Date(this.clock.now()).toISOString();
    return this.database.transaction(async (tx) => {
      // Two full deployments at once must not both stay open: the model's row is the lock.
      await tx.query('select 1 from model where id = $1 for update', [version.model.id]);
      await refuseRepetition(tx, version, spec);
      if (spec.kind === 'full') {
        await tx.query(
          `update deployment set ended_at = $3
            where model_id = $1 and environment = $2 and kind = 'full' and ended_at is null`,
          [version.model.id, spec.environment, startedAt],
        );
      }
      const [inserted] = await tx.query<{ id: string }>(
        `insert into deployment (model_id, version_id, environment, kind, traffic_share, revision, description, started_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id`,
        [
          version.model.id,
          version.id,
          spec.environment,
          spec.kind,
          spec.trafficShare,
          spec.revision ?? null,
          spec.description ?? null,
          startedAt,
        ],
      );
      const [row] = await tx.query<DeploymentRow>(`${SELECT} where d.id = $1`, [inserted?.id]);
      return toDeployment(row);
    });
  }

  /** Ends a deployment now; ending it twice changes nothing. */
  async end(id: string): Promise<Deployment> {
    await this.database.query('update deployment set ended_at = coalesce(ended_at, $2) where id = $1', [
      id,
      new Date(this.clock.now()),
    ]);
    const [row] = await this.database.query<DeploymentRow>(`${SELECT} where d.id = $1`, [id]);
    if (row === undefined)
      throw new LeewayError('not-found', `there is no deployment with the id ${JSON.stringify(id)}`);
    return toDeployment(row);
  }

  async list(modelName: string, { limit, cursor }: PageRequest): Promise<Page<Deployment>> {
    const model = await this.models.get(modelName);
    const before = decodeCursor(cursor);
    const rows = await this.database.query<DeploymentRow>(
      `${SELECT} where d.model_id = $1 and ($2::bigint is null or d.id < $2) order by d.id desc limit $3`,
      [model.id, before, limit + 1],
    );
    return toPage(rows, limit, (row) => row.id, toDeployment);
  }
}

async function refuseRepetition(tx: Sql, version: Version, spec: DeploymentSpec): Promise<void> {
  const [live] = await tx.query<{ id: string }>(
    `select id from deployment
      where version_id = $1 and environment = $2 and kind = $3 and traffic_share = $4
        and revision is not distinct from $5 and ended_at is null`,
    [version.id, spec.environment, spec.kind, spec.trafficShare, spec.revision ?? null],
  );
  if (live === undefined) return;
  throw new LeewayError(
    'already-exists',
    `deployment ${live.id} of version ${JSON.stringify(spec.version)} is live in ${JSON.stringify(spec.environment)} already; end it, or name another revision`,
  );
}

/** The deployments of a model that are live or ended at or after `since`, newest first. Reads in the caller's transaction. */
export async function recentDeployments(sql: Sql, modelName: string, since: Date): Promise<Deployment[]> {
  const rows = await sql.query<DeploymentRow>(
    `${SELECT} where m.name = $1 and (d.ended_at is null or d.ended_at >= $2) order by d.started_at desc, d.id desc limit 20`,
    [modelName, since],
  );
  return rows.map(toDeployment);
}

/**
 * Which of a model's versions had a deployment and have none that takes traffic now. A version that was never deployed
 * is not among them: not every user registers deployments.
 */
export async function retiredVersions(sql: Sql, modelName: string): Promise<Set<string>> {
  const rows = await sql.query<{ version: string }>(
    `select v.name as version
       from deployment d join version v on v.id = d.version_id join model m on m.id = d.model_id
      where m.name = $1
      group by v.name
     having bool_and(d.ended_at is not null or d.traffic_share = 0)`,
    [modelName],
  );
  return new Set(rows.map((row) => row.version));
}

function toDeployment(row: DeploymentRow | undefined): Deployment {
  if (row === undefined) throw new Error('the statement returned no row');
  const { traffic_share: trafficShare, started_at: startedAt, ended_at: endedAt, ...rest } = row;
  return {
    ...rest,
    trafficShare,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
