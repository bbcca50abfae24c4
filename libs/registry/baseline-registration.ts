import { LeewayError, type Clock, type Sql, type Transaction } from '#platform';
import { serializeGrid, serializeProfile, type Profile } from '#stats';
import { AlignedSampler, type FitEstimator } from './aligned-sample.js';
import { addEpoch } from './baseline-epochs.js';
import type { Importances } from './importances-schema.js';
import { BaselineCollector } from './baseline-collector.js';
import { readBatches } from './baseline-source/read.js';
import type { BaselineSource } from './baseline-source/source.js';
import type { Version } from './models.js';
import { profileOfSpec } from './profile-of-spec.js';
import type { ColumnSpec } from './schemas.js';
import { FrequentSegments, segmentColumnsOf } from './segments.js';

/** Hears how far a registration is. */
export interface RegistrationProgress {
  /** So many more rows were read. */
  rows(count: number): void;
  /** All rows were read; what they amount to is made and stored. */
  storing(): void;
  /** The baseline is stored once this transaction commits. */
  stored(tx: Transaction, baselineId: string): Promise<void>;
}

export interface RegistrationOptions {
  /** Whether it counts from now on; a candidate waits to be promoted. True when left out. */
  readonly isPromoted?: boolean;
  /** Only where the version has no baseline at all; another one that came first is `already-exists`. */
  readonly isOnlyFirst?: boolean;
  readonly importances?: Importances | undefined;
  readonly progress?: RegistrationProgress | undefined;
}

/** What a source amounts to, before anything is stored. */
export interface NewBaseline {
  readonly source: string;
  readonly profile: Profile;
  readonly segments: readonly string[] | null;
  readonly estimator: object | null;
  readonly importances: Importances | null;
}

/**
 * Reads a source to its end.
 *
 * @throws LeewayError `baseline-unreadable` with the place, `baseline-empty`
 */
export async function readBaseline(
  version: Version,
  source: BaselineSource,
  fitEstimator: FitEstimator | null,
  { importances, progress }: RegistrationOptions,
): Promise<NewBaseline> {
  if (source.kind === 'profile') {
    const { profile, segments } = profileOfSpec(source.profile, version);
    progress?.rows(profile.rowCount);
    progress?.storing();
    return { source: source.kind, profile, segments, estimator: null, importances: importances ?? null };
  }
  const collector = new BaselineCollector(version.columns);
  const segments = new FrequentSegments(segmentColumnsOf(version.columns));
  const sampler = fitEstimator === null || !hasOutcomes(version) ? null : new AlignedSampler(version.columns);
  for await (const batch of readBatches(source, version.columns)) {
    collector.add(batch);
    segments.add(batch);
    sampler?.add(batch);
    progress?.rows(batch.rowCount);
  }
  if (collector.rowCount === 0)
    throw new LeewayError(
      'baseline-empty',
      'the baseline has 0 rows; send at least one row of training data',
    );
  progress?.storing();
  const profile = await collector.finish();
  const sample = sampler?.build() ?? null;
  const estimator = sample === null ? null : ((await fitEstimator?.(version, sample)) ?? null);
  return {
    source: source.kind,
    profile,
    segments: segments.mostFrequent(),
    estimator,
    importances: importances ?? null,
  };
}

function hasOutcomes({ columns }: Version): boolean {
  return columns.some(({ role }) => role === 'groundTruth');
}

/**
 * Stores a baseline and, unless it is a candidate, lets it count. Returns its id.
 *
 * @throws LeewayError `already-exists` for the newest one again
 */
export async function storeBaseline(
  tx: Transaction,
  version: Version,
  { profile, source, segments, estimator, importances }: NewBaseline,
  clock: Clock,
  { isPromoted = true, isOnlyFirst = false, progress }: RegistrationOptions,
): Promise<string> {
  await tx.query('select 1 from version where id = $1 for update', [version.id]);
  const bytes = base64(serializeProfile(profile));
  await refuseRepetition(tx, version, bytes, isOnlyFirst);
  // Base64 text and not a binary parameter: the embedded database reads large binary parameters fourteen times slower.
  await tx.query(`insert into grid (hash, body) values ($1, decode($2, 'base64')) on conflict do nothing`, [
    profile.grid.hash,
    base64(serializeGrid(profile.grid)),
  ]);
  const [row] = await tx.query<{ id: string }>(
    `insert into baseline (version_id, source, row_count, grid_hash, profile, segments, estimator, importances)
     values ($1, $2, $3, $4, decode($5, 'base64'), $6, $7, $8) returning id`,
    [
      version.id,
      source,
      profile.rowCount,
      profile.grid.hash,
      bytes,
      segments,
      estimator === null ? null : JSON.stringify(estimator),
      importances === null ? null : JSON.stringify(importances),
    ],
  );
  if (row === undefined) throw new Error('the statement returned no row');
  if (isPromoted) await addEpoch(tx, version, row.id, clock.now());
  await progress?.stored(tx, row.id);
  return row.id;
}

/** The newest baseline cannot be replaced by itself: that is an upload that was sent again. */
async function refuseRepetition(
  tx: Sql,
  version: Version,
  bytes: string,
  isOnlyFirst: boolean,
): Promise<void> {
  const [newest] = await tx.query<{ id: string; is_same: boolean }>(
    `select id, profile = decode($2, 'base64') as is_same from baseline where version_id = $1 order by id desc limit 1`,
    [version.id, bytes],
  );
  if (newest === undefined || !(newest.is_same || isOnlyFirst)) return;
  throw new LeewayError(
    'already-exists',
    newest.is_same
      ? `baseline ${newest.id} of version ${JSON.stringify(version.name)} is of exactly this data; see /api/v1/baselines/${newest.id}`
      : `version ${JSON.stringify(version.name)} has a baseline already: ${newest.id}`,
  );
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** The profile of rows without a version, for measuring how fast it is made. @throws LeewayError `baseline-unreadable` */
export async function profileOfRows(
  source: Parameters<typeof readBatches>[0],
  columns: readonly ColumnSpec[],
): Promise<Profile> {
  const collector = new BaselineCollector(columns);
  for await (const batch of readBatches(source, columns)) collector.add(batch);
  return collector.finish();
}
