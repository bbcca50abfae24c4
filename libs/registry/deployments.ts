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
import type { RolloutEvent } from './rollout-events.js';
import type { DeploymentKind, DeploymentOrigin, DeploymentSpec } from './schemas.js';

export interface DeploymentShare {
  readonly at: string;
  readonly trafficShare: number;
}

/** Version V went live at T, in an environment, with a share of the traffic, until it ended. */
export interface Deployment {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly environment: string;
  readonly kind: DeploymentKind;
  /** null: nobody said. */
  readonly trafficShare: number | null;
  readonly origin: DeploymentOrigin;
  /** What it took from when on, oldest first. */
  readonly shares: readonly DeploymentShare[];
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
  traffic_share: number | null;
  origin: DeploymentOrigin;
  shares: DeploymentShare[];
  revision: string | null;
  description: string | null;
  started_at: Date;
  ended_at: Date | null;
}

const SELECT = `
  select d.id, m.name as model, v.name as version, d.environment, d.kind, d.traffic_share, d.origin, d.shares, d.revision,
         d.description, d.started_at, d.ended_at
    from deployment d join model m on m.id = d.model_id join version v on v.id = d.version_id`;

/** What went live when. A full deployment ends the full one before it in its environment. */
export class Deployments {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly clock: Clock,
  ) {}

  /**
   * Registers that a version went live. One that takes all traffic (full, or blue-green with the share 1) ends the ones before it in its
   * environment, and the canary that it was. The same again with another share changes the share.
   *
   * @throws LeewayError `already-exists` when exactly this is live already: a request that was sent again
   */
  async register(modelName: string, spec: DeploymentSpec): Promise<Deployment> {
    const version = await this.models.getVersion(modelName, spec.version);
    const startedAt = spec.startedAt ?? new Date(this.clock.now()).toISOString();
    return this.database.transaction(async (tx) => {
      await lock(tx, version);
      const live = await liveLike(tx, version, spec);
      if (live?.traffic_share === spec.trafficShare)
        throw new LeewayError(
          'already-exists',
          `deployment ${live.id} of version ${JSON.stringify(spec.version)} is live in ${JSON.stringify(spec.environment)} already; end it, or name another revision`,
        );
      return live === undefined
        ? open(tx, version, { ...spec, origin: 'api', startedAt })
        : changeShare(tx, live.id, spec.trafficShare, startedAt);
    });
  }

  /** Changes the share of the traffic that a deployment takes now. @throws LeewayError `not-found`, `invalid-body` when it has ended */
  async setShare(id: string, trafficShare: number): Promise<Deployment> {
    return this.database.transaction(async (tx) => {
      const [row] = await tx.query<{ ended_at: Date | null }>(
        'select d.ended_at from deployment d join model m on m.id = d.model_id where d.id = $1 for update of m',
        [id],
      );
      if (row === undefined) throw unknownDeployment(id);
      if (row.ended_at !== null)
        throw new LeewayError('invalid-body', `deployment ${id} has ended and takes no traffic`);
      return changeShare(tx, id, trafficShare, new Date(this.clock.now()).toISOString());
    });
  }

  /**
   * Records what a rollout controller says, and answers the deployment that it is about; null when it changes nothing: one that comes
   * late, comes again, or ends what is not there.
   *
   * @throws LeewayError `not-found` for a version that is not registered
   */
  async recordRollout(
    modelName: string,
    event: RolloutEvent,
    origin: DeploymentOrigin,
  ): Promise<Deployment | null> {
    const version = await this.models.getVersion(modelName, event.version);
    const at = event.at ?? new Date(this.clock.now()).toISOString();
    return this.database.transaction(async (tx) => {
      await lock(tx, version);
      const rows = await tx.query<DeploymentRow>(
        `${SELECT} where d.version_id = $1 and d.environment = $2 and (d.ended_at is null or d.ended_at >= $3) order by d.id desc`,
        [version.id, event.environment, at],
      );
      const step = rolloutStep(rows, event);
      switch (step.do) {
        case 'nothing':
          return null;
        case 'end':
          return endAt(tx, step.id, at);
        case 'change-share':
          return changeShare(tx, step.id, step.trafficShare, at);
        case 'open':
          return open(tx, version, { ...event, ...step, origin, startedAt: at });
      }
    });
  }

  /** Ends a deployment now; ending it twice changes nothing. */
  async end(id: string): Promise<Deployment> {
    await this.database.query('update deployment set ended_at = coalesce(ended_at, $2) where id = $1', [
      id,
      new Date(this.clock.now()),
    ]);
    return byId(this.database, id);
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

/** Two deployments at once must not both stay open: the model's row is the lock. */
async function lock(tx: Sql, version: Version): Promise<void> {
  await tx.query('select 1 from model where id = $1 for update', [version.model.id]);
}

async function liveLike(
  tx: Sql,
  version: Version,
  { environment, kind, revision }: DeploymentSpec,
): Promise<{ id: string; traffic_share: number | null } | undefined> {
  const [live] = await tx.query<{ id: string; traffic_share: number | null }>(
    `select id, traffic_share from deployment
      where version_id = $1 and environment = $2 and kind = $3 and revision is not distinct from $4 and ended_at is null
      order by id desc limit 1`,
    [version.id, environment, kind, revision ?? null],
  );
  return live;
}

interface NewDeployment {
  readonly environment: string;
  readonly kind: DeploymentKind;
  readonly trafficShare: number;
  readonly revision?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly origin: DeploymentOrigin;
  readonly startedAt: string;
}

async function open(tx: Sql, version: Version, spec: NewDeployment): Promise<Deployment> {
  const { environment, kind, trafficShare, revision, description, origin, startedAt } = spec;
  const [inserted] = await tx.query<{ id: string }>(
    `insert into deployment (model_id, version_id, environment, kind, traffic_share, revision, description, started_at, origin, shares)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, jsonb_build_array(jsonb_build_object('at', $10::text, 'trafficShare', $5::double precision)))
     returning id`,
    [
      ...[version.model.id, version.id, environment, kind, trafficShare, revision ?? null],
      ...[description ?? null, startedAt, origin, new Date(startedAt).toISOString()],
    ],
  );
  if (inserted === undefined) throw new Error('the statement returned no row');
  await endReplaced(tx, inserted.id, startedAt);
  return byId(tx, inserted.id);
}

/** Shares of one deployment that are kept; a rollout has tens of steps. */
const MAX_SHARES = 200;

async function changeShare(tx: Sql, id: string, trafficShare: number, at: string): Promise<Deployment> {
  await tx.query(
    `update deployment set traffic_share = $2,
            shares = case when jsonb_array_length(shares) >= ${MAX_SHARES} then shares - 0 else shares end
                     || jsonb_build_object('at', $3::text, 'trafficShare', $2::double precision)
      where id = $1 and traffic_share is distinct from $2`,
    [id, trafficShare, new Date(at).toISOString()],
  );
  await endReplaced(tx, id, at);
  return byId(tx, id);
}

/** A deployment that takes all traffic ends the ones that did before it, and what else there is of its own version. */
async function endReplaced(tx: Sql, id: string, at: string): Promise<void> {
  await tx.query(
    `update deployment d set ended_at = greatest(d.started_at, $2)
       from deployment n
      where n.id = $1 and (n.kind = 'full' or (n.kind = 'blue-green' and n.traffic_share = 1))
        and d.model_id = n.model_id and d.environment = n.environment and d.id <> n.id and d.ended_at is null
        and (d.kind = 'full' or (d.kind = 'blue-green' and d.traffic_share > 0) or d.origin = 'noticed'
             or (d.version_id = n.version_id and d.kind in ('canary', 'blue-green')))`,
    [id, at],
  );
}

async function endAt(tx: Sql, id: string, at: string): Promise<Deployment> {
  await tx.query(
    'update deployment set ended_at = greatest(started_at, $2) where id = $1 and ended_at is null',
    [id, at],
  );
  return byId(tx, id);
}

async function byId(sql: Sql, id: string): Promise<Deployment> {
  const [row] = await sql.query<DeploymentRow>(`${SELECT} where d.id = $1`, [id]);
  if (row === undefined) throw unknownDeployment(id);
  return toDeployment(row);
}

type RolloutStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'end'; readonly id: string }
  | { readonly do: 'change-share'; readonly id: string; readonly trafficShare: number }
  | { readonly do: 'open'; readonly kind: DeploymentKind; readonly trafficShare: number };

/**
 * What an event changes, given the deployments of its version that are open or ended after it.
 *
 * progressing: opens one that is none, or changes its share. completed: opens a full one, or lets the green one take over. aborted: ends
 * what takes a share. What has taken over already, or ended after the event, is left as it is.
 */
function rolloutStep(rows: readonly DeploymentRow[], event: RolloutEvent): RolloutStep {
  const open = rows.filter(({ ended_at: endedAt }) => endedAt === null);
  const isStale = rows.length > open.length;
  const whole = open.find(
    ({ kind, traffic_share: share, origin }) =>
      origin !== 'noticed' && (kind === 'full' || (kind === 'blue-green' && share === 1)),
  );
  const partial = open.find(({ kind }) => kind === 'canary' || kind === 'blue-green');
  if (whole !== undefined || isStale) return { do: 'nothing' };
  const { phase, strategy, trafficShare } = event;
  if (phase === 'aborted') return partial === undefined ? { do: 'nothing' } : { do: 'end', id: partial.id };
  if (phase === 'completed') {
    if (strategy === 'canary') return { do: 'open', kind: 'full', trafficShare: 1 };
    if (partial?.kind === 'blue-green') return { do: 'change-share', id: partial.id, trafficShare: 1 };
    return { do: 'open', kind: 'blue-green', trafficShare: 1 };
  }
  if (partial === undefined) return { do: 'open', kind: strategy, trafficShare: trafficShare ?? 0 };
  if (trafficShare === null || trafficShare === partial.traffic_share) return { do: 'nothing' };
  return { do: 'change-share', id: partial.id, trafficShare };
}

function unknownDeployment(id: string): LeewayError {
  return new LeewayError('not-found', `there is no deployment with the id ${JSON.stringify(id)}`);
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
     having bool_and(d.ended_at is not null or coalesce(d.traffic_share = 0, false))`,
    [modelName],
  );
  return new Set(rows.map((row) => row.version));
}

function toDeployment(row: DeploymentRow): Deployment {
  const { traffic_share: trafficShare, started_at: startedAt, ended_at: endedAt, ...rest } = row;
  return {
    ...rest,
    trafficShare,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
