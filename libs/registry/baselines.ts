import {
  buildGrid,
  deserializeGrid,
  deserializeProfile,
  emptyProfile,
  foldColumns,
  serializeGrid,
  serializeProfile,
  type Grid,
  type Profile,
} from '#stats';
import {
  decodeCursor,
  LeewayError,
  toPage,
  toRfc3339,
  windowStart,
  type Clock,
  type Database,
  type Page,
  type PageRequest,
  type Sql,
} from '#platform';
import { summarizeProfile, type ColumnSummary } from './column-summary.js';
import { readCsv } from './baseline-source/csv.js';
import { readNdjson, readRows } from './baseline-source/ndjson.js';
import { readParquet } from './baseline-source/parquet.js';
import type { BaselineSource, BaselineTable } from './baseline-source/source.js';
import type { Models, Version } from './models.js';
import { frequentSegments, segmentColumnsOf } from './segments.js';
import type { ColumnSpec } from './schemas.js';

/** What normal looks like for one version: an immutable profile of training data on its own grid. */
export interface Baseline {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly source: string;
  readonly rowCount: number;
  readonly gridHash: string;
  /** The start of the first window that is counted on it; null for a version's first one, which counts from the beginning. */
  readonly effectiveFrom: string | null;
  readonly createdAt: string;
}

export interface BaselineDetails extends Baseline {
  readonly columns: readonly ColumnSummary[];
}

/** When which grid counts: what ingest and drift need of a baseline. */
export interface BaselineEpoch {
  readonly id: string;
  readonly gridHash: string;
  /** Epoch milliseconds; -Infinity for the first baseline. */
  readonly effectiveFrom: number;
  /** The segments that are counted apart (see `segmentName`); null where only the categories of one column are known. */
  readonly segments: readonly string[] | null;
}

/**
 * How long other processes may take to notice a new baseline. It takes effect at the first window boundary after that,
 * so that no window is counted on two grids.
 */
export const BASELINE_NOTICE_MS = 2_000;

interface BaselineRow {
  id: string;
  model: string;
  version: string;
  source: string;
  row_count: string;
  grid_hash: string;
  effective_from: Date | null;
  created_at: Date;
}

interface EpochRow {
  id: string;
  grid_hash: string;
  effective_from: Date | null;
  segments: string[] | null;
}

const SELECT = `
  select b.id, m.name as model, v.name as version, b.source, b.row_count, b.grid_hash, b.effective_from, b.created_at
    from baseline b join version v on v.id = b.version_id join model m on m.id = v.model_id`;

/** The training baselines of versions. */
export class Baselines {
  private readonly grids = new Map<string, Grid>();

  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads training data to its end, then stores its grid and profile in one transaction: a source that fails in the
   * middle leaves nothing behind.
   *
   * @throws LeewayError `baseline-unreadable` with the place, `baseline-empty`, or `already-exists` for the newest one again
   */
  async register(modelName: string, versionName: string, source: BaselineSource): Promise<BaselineDetails> {
    const version = await this.models.getVersion(modelName, versionName);
    const table = await read(source, version.columns);
    if (table.rowCount === 0)
      throw new LeewayError(
        'baseline-empty',
        'the baseline has 0 rows; send at least one row of training data',
      );
    const grid = buildGrid(table.columns);
    const profile = emptyProfile(grid);
    foldColumns(profile, table.rowCount, table.columns);
    const segments = frequentSegments(segmentColumnsOf(version.columns), table.columns, table.rowCount);
    const baseline = await this.store(version, source.kind, profile, segments);
    return { ...baseline, columns: summarizeProfile(profile) };
  }

  async list(
    modelName: string,
    versionName: string,
    { limit, cursor }: PageRequest,
  ): Promise<Page<Baseline>> {
    const version = await this.models.getVersion(modelName, versionName);
    const rows = await this.database.query<BaselineRow>(
      `${SELECT} where b.version_id = $1 and b.id > $2 order by b.id limit $3`,
      [version.id, decodeCursor(cursor) ?? '0', limit + 1],
    );
    return toPage(rows, limit, (row) => row.id, toBaseline);
  }

  /** @throws LeewayError `not-found` */
  async get(id: string): Promise<BaselineDetails> {
    const [row] = await this.database.query<BaselineRow>(`${SELECT} where b.id = $1`, [id]);
    if (row === undefined)
      throw new LeewayError('not-found', `there is no baseline with the id ${JSON.stringify(id)}`);
    return { ...toBaseline(row), columns: summarizeProfile(await this.profile(id)) };
  }

  /** When which baseline of the version counts, oldest first. */
  async epochs(versionId: string): Promise<BaselineEpoch[]> {
    const rows = await this.database.query<EpochRow>(
      'select id, grid_hash, effective_from, segments from baseline where version_id = $1 order by id',
      [versionId],
    );
    return rows.map((row) => ({
      id: row.id,
      gridHash: row.grid_hash,
      effectiveFrom: row.effective_from?.getTime() ?? -Infinity,
      segments: row.segments,
    }));
  }

  /** The profile of a baseline, on its grid. */
  async profile(id: string): Promise<Profile> {
    const [row] = await this.database.query<{ profile: Buffer; grid_hash: string }>(
      'select profile, grid_hash from baseline where id = $1',
      [id],
    );
    if (row === undefined)
      throw new LeewayError('not-found', `there is no baseline with the id ${JSON.stringify(id)}`);
    return deserializeProfile(row.profile, await this.grid(row.grid_hash));
  }

  /** The grid with this content hash. Grids never change, so they are kept. */
  async grid(hash: string): Promise<Grid> {
    const known = this.grids.get(hash);
    if (known !== undefined) return known;
    if (hash === NO_BASELINE_GRID.hash) return NO_BASELINE_GRID;
    const [row] = await this.database.query<{ body: Buffer }>('select body from grid where hash = $1', [
      hash,
    ]);
    if (row === undefined) throw new Error(`the grid ${hash} is not stored`);
    const grid = deserializeGrid(row.body);
    if (this.grids.size >= MAX_KEPT_GRIDS) this.grids.clear();
    this.grids.set(hash, grid);
    return grid;
  }

  private async store(
    version: Version,
    source: string,
    profile: Profile,
    segments: readonly string[],
  ): Promise<Baseline> {
    return this.database.transaction(async (tx) => {
      await tx.query('select 1 from version where id = $1 for update', [version.id]);
      const bytes = base64(serializeProfile(profile));
      await refuseRepetition(tx, version, bytes);
      const effectiveFrom = await this.nextBoundary(tx, version);
      // Base64 text and not a binary parameter: the embedded database reads large binary parameters fourteen times slower.
      await tx.query(
        `insert into grid (hash, body) values ($1, decode($2, 'base64')) on conflict do nothing`,
        [profile.grid.hash, base64(serializeGrid(profile.grid))],
      );
      const [row] = await tx.query<{ id: string }>(
        `insert into baseline (version_id, source, row_count, grid_hash, profile, effective_from, segments)
         values ($1, $2, $3, $4, decode($5, 'base64'), $6, $7) returning id`,
        [version.id, source, profile.rowCount, profile.grid.hash, bytes, effectiveFrom, segments],
      );
      const [stored] = await tx.query<BaselineRow>(`${SELECT} where b.id = $1`, [row?.id]);
      if (stored === undefined) throw new Error('the statement returned no row');
      return toBaseline(stored);
    });
  }

  /** Null for the first baseline; else the start of the first window that every process counts on the new one. */
  private async nextBoundary(tx: Sql, version: Version): Promise<string | null> {
    const earlier = await tx.query('select 1 from baseline where version_id = $1 limit 1', [version.id]);
    if (earlier.length === 0) return null;
    const { grainMs } = version.model;
    return toRfc3339(windowStart(this.clock.now() + BASELINE_NOTICE_MS, grainMs) + grainMs);
  }
}

/** The newest baseline cannot be replaced by itself: that is an upload that was sent again. */
async function refuseRepetition(tx: Sql, version: Version, bytes: string): Promise<void> {
  const [newest] = await tx.query<{ id: string; is_same: boolean }>(
    `select id, profile = decode($2, 'base64') as is_same from baseline where version_id = $1 order by id desc limit 1`,
    [version.id, bytes],
  );
  if (newest?.is_same !== true) return;
  throw new LeewayError(
    'already-exists',
    `baseline ${newest.id} of version ${JSON.stringify(version.name)} is of exactly this data; see /api/v1/baselines/${newest.id}`,
  );
}

/** Grids in memory: about 50 kB each at 30 columns. */
const MAX_KEPT_GRIDS = 200;

/** The grid of rows that arrive before any baseline: they are counted, column by column they are not. */
export const NO_BASELINE_GRID: Grid = buildGrid([]);

/** The baseline that counts for windows that start at `at`, or null when there is none yet. */
export function epochAt(epochs: readonly BaselineEpoch[], at: number): BaselineEpoch | null {
  return epochs.findLast((epoch) => epoch.effectiveFrom <= at) ?? null;
}

function read(source: BaselineSource, columns: readonly ColumnSpec[]): Promise<BaselineTable> {
  switch (source.kind) {
    case 'csv':
      return readCsv(source, columns);
    case 'ndjson':
      return readNdjson(source, columns);
    case 'parquet':
      return readParquet(source, columns);
    case 'rows':
      return readRows(source, columns);
  }
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function toBaseline(row: BaselineRow): Baseline {
  return {
    id: row.id,
    model: row.model,
    version: row.version,
    source: row.source,
    rowCount: Number(row.row_count),
    gridHash: row.grid_hash,
    effectiveFrom: row.effective_from?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}
