import { toRfc3339, type Clock, type Database, type Instant, type Transaction } from '#platform';
import type { Models, Version } from './models.js';

/** A version label in the signals of a model, and when. */
export interface SeenVersion {
  readonly version: string;
  /** `production` when it is left out. */
  readonly environment?: string;
  readonly at: Instant;
}

/** A version label that no version of the model has. */
export interface UnknownVersion {
  readonly version: string;
  readonly environment: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}

/**
 * How long a version must be away until it is gone, and is news when it comes back. Shorter takes restarts and gaps between scrapes for
 * deployments, longer lets a deployment that was only noticed stay open after its end.
 */
const AWAY_MS = 1_800_000;
const DEFAULT_ENVIRONMENT = 'production';
/** Labels with many values must not fill the table. */
const MAX_SIGHTINGS = 200;

/**
 * Notices deployments that nobody registered. A registered version that is seen and was never deployed in its environment gets a deployment
 * of origin `noticed`; one whose deployment ended gets one only when it comes back after it was away for half an hour, so that pods that
 * linger after a switch and labels that flap open nothing. It is full where nothing else is open, and else a canary whose share is not
 * known. What was noticed ends when it was away that long; what somebody registered is never ended here.
 */
export class VersionSightings {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly clock: Clock,
    private readonly onUnknown: (model: string, version: string) => void = () => undefined,
  ) {}

  /** Notes versions that were seen. Seeing the same again changes nothing but when it was seen last. */
  async noteVersions(modelName: string, seen: readonly SeenVersion[]): Promise<void> {
    const model = await this.models.get(modelName);
    const newest = newestOf(seen);
    const unknown = await this.database.transaction(async (tx) => {
      // One at a time of a model: two workers that see a version at once must not both open a deployment.
      await tx.query('select 1 from model where id = $1 for update', [model.id]);
      const strangers: string[] = [];
      for (const one of newest) if (await this.note(tx, model.id, one)) strangers.push(one.version);
      await this.endGone(tx, model.id);
      return strangers;
    });
    for (const version of unknown) this.onUnknown(modelName, version);
  }

  /** Versions that were seen and are not registered, newest first. */
  async unknownVersions(modelName: string): Promise<UnknownVersion[]> {
    const model = await this.models.get(modelName);
    const rows = await this.database.query<{
      version: string;
      environment: string;
      first_seen_at: Date;
      last_seen_at: Date;
    }>(
      `select s.* from version_sighting s
        where s.model_id = $1 and not exists (select 1 from version v where v.model_id = s.model_id and v.name = s.version)
        order by s.last_seen_at desc, s.version limit $2`,
      [model.id, MAX_SIGHTINGS],
    );
    return rows.map((row) => ({
      version: row.version,
      environment: row.environment,
      firstSeenAt: row.first_seen_at.toISOString(),
      lastSeenAt: row.last_seen_at.toISOString(),
    }));
  }

  /** Notes one, and says whether it is a version that is not known, seen for the first time. */
  private async note(
    tx: Transaction,
    modelId: string,
    { version, environment = DEFAULT_ENVIRONMENT, at }: SeenVersion,
  ): Promise<boolean> {
    const [before] = await tx.query<{ last_seen_at: Date }>(
      'select last_seen_at from version_sighting where model_id = $1 and version = $2 and environment = $3',
      [modelId, version, environment],
    );
    if (before === undefined && (await isFull(tx, modelId))) return false;
    await tx.query(
      `insert into version_sighting as s (model_id, version, environment, first_seen_at, last_seen_at) values ($1, $2, $3, $4, $4)
       on conflict (model_id, version, environment) do update set last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at)`,
      [modelId, version, environment, toRfc3339(at)],
    );
    const [known] = await tx.query<Pick<Version, 'id'>>(
      'select id from version where model_id = $1 and name = $2',
      [modelId, version],
    );
    if (known === undefined) return before === undefined;
    const isBack = before === undefined || at - before.last_seen_at.getTime() > AWAY_MS;
    await open(tx, { modelId, versionId: known.id, environment, at, isBack });
    return false;
  }

  /** Ends what was only noticed and has been away, at the time when it was seen last. */
  private async endGone(tx: Transaction, modelId: string): Promise<void> {
    await tx.query(
      `update deployment d set ended_at = greatest(s.last_seen_at, d.started_at)
         from version v, version_sighting s
        where d.model_id = $1 and d.origin = 'noticed' and d.ended_at is null and v.id = d.version_id
          and s.model_id = d.model_id and s.version = v.name and s.environment = d.environment and s.last_seen_at < $2`,
      [modelId, toRfc3339(this.clock.now() - AWAY_MS)],
    );
  }
}

interface Opening {
  readonly modelId: string;
  readonly versionId: string;
  readonly environment: string;
  readonly at: Instant;
  readonly isBack: boolean;
}

async function open(
  tx: Transaction,
  { modelId, versionId, environment, at, isBack }: Opening,
): Promise<void> {
  const [past] = await tx.query<{ is_open: boolean | null; ended_at: Date | null; others: string }>(
    `select bool_or(ended_at is null) filter (where version_id = $2) as is_open,
            max(ended_at) filter (where version_id = $2) as ended_at,
            count(*) filter (where version_id <> $2 and ended_at is null) as others
       from deployment where model_id = $1 and environment = $3`,
    [modelId, versionId, environment],
  );
  if (past === undefined || past.is_open === true) return;
  if (past.ended_at !== null && !(isBack && at - past.ended_at.getTime() > AWAY_MS)) return;
  const isAlone = past.others === '0';
  await tx.query(
    `insert into deployment (model_id, version_id, environment, kind, traffic_share, started_at, origin)
     values ($1, $2, $3, $4, $5, $6, 'noticed')`,
    [modelId, versionId, environment, isAlone ? 'full' : 'canary', isAlone ? 1 : null, toRfc3339(at)],
  );
}

async function isFull(tx: Transaction, modelId: string): Promise<boolean> {
  const [row] = await tx.query<{ count: string }>(
    'select count(*) as count from version_sighting where model_id = $1',
    [modelId],
  );
  return Number(row?.count) >= MAX_SIGHTINGS;
}

/** Of each version and environment the newest time, oldest first: what was there before is found open by what came later. */
function newestOf(seen: readonly SeenVersion[]): SeenVersion[] {
  const newest = new Map<string, SeenVersion>();
  for (const one of seen) {
    const key = JSON.stringify([one.version, one.environment ?? DEFAULT_ENVIRONMENT]);
    const known = newest.get(key);
    if (known === undefined || known.at < one.at) newest.set(key, one);
  }
  return [...newest.values()].sort((a, b) => a.at - b.at || (a.version < b.version ? -1 : 1));
}
