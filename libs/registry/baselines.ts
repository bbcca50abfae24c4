import { buildGrid, deserializeGrid, deserializeProfile, type Grid, type Profile } from '#stats';
import {
  decodeCursor,
  LeewayError,
  toPage,
  type Clock,
  type Database,
  type Page,
  type PageRequest,
} from '#platform';
import type { FitEstimator } from './aligned-sample.js';
import { compareBaselines, type BaselineComparison } from './baseline-comparison.js';
import {
  addEpoch,
  epochAt,
  readEpochs,
  statusOf,
  type BaselineEpoch,
  type BaselineStatus,
} from './baseline-epochs.js';
import { checkImportances } from './baseline-importances.js';
import type { Importances } from './importances-schema.js';
import { checkFit } from './baseline-inheritance.js';
import {
  readBaseline,
  storeBaseline,
  type NewBaseline,
  type RegistrationOptions,
} from './baseline-registration.js';
import { summarizeProfile, type ColumnSummary } from './column-summary.js';
import type { BaselineSource } from './baseline-source/source.js';
import type { Models, Version } from './models.js';

/** What normal looks like for one version: an immutable profile of training data on its own grid. */
export interface Baseline {
  readonly id: string;
  readonly model: string;
  readonly version: string;
  readonly source: string;
  readonly rowCount: number;
  readonly gridHash: string;
  readonly status: BaselineStatus;
  /**
   * The start of the first window that is counted on it since it was last promoted; null for a candidate, and for a version's first
   * one, which counts from the beginning.
   */
  readonly effectiveFrom: string | null;
  readonly createdAt: string;
}

export interface BaselineDetails extends Baseline {
  /** Weights of features in the verdict; null where those of the schema hold. */
  readonly importances: Importances | null;
  readonly columns: readonly ColumnSummary[];
}

interface BaselineRow {
  id: string;
  model: string;
  version: string;
  version_id: string;
  source: string;
  row_count: string;
  grid_hash: string;
  importances: Importances | null;
  created_at: Date;
}

const SELECT = `
  select b.id, m.name as model, v.name as version, b.version_id, b.source, b.row_count, b.grid_hash, b.importances, b.created_at
    from baseline b join version v on v.id = b.version_id join model m on m.id = v.model_id`;

/** The training baselines of versions. */
export class Baselines {
  private readonly grids = new Map<string, Grid>();

  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly clock: Clock,
    private readonly fitEstimator: FitEstimator | null = null,
  ) {}

  /**
   * Reads training data to its end, then stores its grid and profile in one transaction: a source that fails in the
   * middle leaves nothing behind.
   *
   * @throws LeewayError `baseline-unreadable` with the place, `baseline-empty`, `column-unknown` for an importance, or `already-exists`
   * for the newest one again
   */
  async register(
    modelName: string,
    versionName: string,
    source: BaselineSource,
    options: RegistrationOptions = {},
  ): Promise<BaselineDetails> {
    const version = await this.models.getVersion(modelName, versionName);
    checkImportances(version, options.importances);
    return this.store(version, await readBaseline(version, source, this.fitEstimator, options), options);
  }

  /**
   * Registers the baseline of another version of the model as one of this version: the same profile on the same grid. What was fitted
   * to the outcomes of the other version, its estimator, stays with it.
   *
   * @throws LeewayError `not-found`, `baseline-columns-differ` naming the columns, `column-unknown`, `already-exists`
   */
  async inherit(
    modelName: string,
    versionName: string,
    from: { readonly version: string } | { readonly baselineId: string },
    options: RegistrationOptions = {},
  ): Promise<BaselineDetails> {
    const version = await this.models.getVersion(modelName, versionName);
    checkImportances(version, options.importances);
    const row = await this.row(
      'version' in from ? await this.countingIn(modelName, from.version) : from.baselineId,
    );
    if (row.model !== modelName) throw unknownBaseline(row.id, modelName);
    const profile = await this.profile(row.id);
    checkFit(profile.grid, await this.models.getVersion(modelName, row.version), version);
    const [{ segments } = { segments: null }] = await this.database.query<{ segments: string[] | null }>(
      'select segments from baseline where id = $1',
      [row.id],
    );
    const importances = options.importances ?? row.importances;
    return this.store(
      version,
      { source: 'inherited', profile, segments, estimator: null, importances },
      options,
    );
  }

  /** How another baseline compares with this one, on this one's grid. @throws LeewayError `not-found` */
  async compare(id: string, otherId: string): Promise<BaselineComparison> {
    const row = await this.row(id);
    return compareBaselines(
      { id, profile: await this.profile(id) },
      { id: otherId, profile: await this.profile(otherId) },
      await this.models.getVersion(row.model, row.version),
      row.importances,
    );
  }

  private async countingIn(modelName: string, versionName: string): Promise<string> {
    const { id } = await this.models.getVersion(modelName, versionName);
    const epoch = epochAt(await this.epochs(id), this.clock.now());
    if (epoch !== null) return epoch.id;
    throw new LeewayError('not-found', `version ${JSON.stringify(versionName)} has no baseline that counts`);
  }

  /** Stores what was read or made elsewhere. */
  private async store(
    version: Version,
    baseline: NewBaseline,
    options: RegistrationOptions,
  ): Promise<BaselineDetails> {
    const id = await this.database.transaction((tx) =>
      storeBaseline(tx, version, baseline, this.clock, options),
    );
    return this.details(await this.row(id), baseline.profile);
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
    const epochs = await this.epochs(version.id);
    return toPage(
      rows,
      limit,
      (row) => row.id,
      (row) => this.shown(row, epochs),
    );
  }

  /** @throws LeewayError `not-found` */
  async get(id: string): Promise<BaselineDetails> {
    return this.details(await this.row(id), await this.profile(id));
  }

  /**
   * Lets a candidate, or an older baseline again, be the one that counts, from the next window boundary on.
   *
   * @throws LeewayError `not-found`, or `baseline-counts-already`
   */
  async promote(id: string): Promise<BaselineDetails> {
    const { model, version: name } = await this.row(id);
    const version = await this.models.getVersion(model, name);
    await this.database.transaction(async (tx) => {
      await tx.query('select 1 from version where id = $1 for update', [version.id]);
      await addEpoch(tx, version, id, this.clock.now());
    });
    return this.get(id);
  }

  /** When which baseline of the version counts, in the order in which that was decided. */
  async epochs(versionId: string): Promise<BaselineEpoch[]> {
    return readEpochs(this.database, versionId);
  }

  /** The weights of features that came with a baseline; null where those of the schema hold. */
  async importances(id: string): Promise<Importances | null> {
    return (await this.row(id)).importances;
  }

  /** Gives a baseline other importances: what its data says stays as it is. @throws LeewayError `not-found`, `column-unknown` */
  async setImportances(id: string, importances: Importances): Promise<BaselineDetails> {
    const { model, version } = await this.row(id);
    checkImportances(await this.models.getVersion(model, version), importances);
    await this.database.query('update baseline set importances = $2 where id = $1', [
      id,
      JSON.stringify(importances),
    ]);
    return this.get(id);
  }

  /** What `FitEstimator` made of the baseline's rows; null where it had no outcomes. @throws LeewayError `not-found` */
  async estimator(id: string): Promise<unknown> {
    const [row] = await this.database.query<{ estimator: unknown }>(
      'select estimator from baseline where id = $1',
      [id],
    );
    if (row === undefined) throw unknownBaseline(id);
    return row.estimator;
  }

  /** The profile of a baseline, on its grid. */
  async profile(id: string): Promise<Profile> {
    const [row] = await this.database.query<{ profile: Buffer; grid_hash: string }>(
      'select profile, grid_hash from baseline where id = $1',
      [id],
    );
    if (row === undefined) throw unknownBaseline(id);
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

  private async row(id: string): Promise<BaselineRow> {
    const [row] = await this.database.query<BaselineRow>(`${SELECT} where b.id = $1`, [id]);
    if (row === undefined) throw unknownBaseline(id);
    return row;
  }

  private async details(row: BaselineRow, profile: Profile): Promise<BaselineDetails> {
    const shown = this.shown(row, await this.epochs(row.version_id));
    return { ...shown, importances: row.importances, columns: summarizeProfile(profile) };
  }

  private shown(row: BaselineRow, epochs: readonly BaselineEpoch[]): Baseline {
    const latest = epochs.findLast(({ id }) => id === row.id)?.effectiveFrom ?? -Infinity;
    return {
      id: row.id,
      model: row.model,
      version: row.version,
      source: row.source,
      rowCount: Number(row.row_count),
      gridHash: row.grid_hash,
      status: statusOf(row.id, epochs, this.clock.now()),
      effectiveFrom: latest === -Infinity ? null : new Date(latest).toISOString(),
      createdAt: row.created_at.toISOString(),
    };
  }
}

function unknownBaseline(id: string, model?: string): LeewayError {
  const where = model === undefined ? 'there' : `in the model ${JSON.stringify(model)} there`;
  return new LeewayError('not-found', `${where} is no baseline with the id ${JSON.stringify(id)}`);
}

/** Grids in memory: about 50 kB each at 30 columns. */
const MAX_KEPT_GRIDS = 200;

/** The grid of rows that arrive before any baseline: they are counted, column by column they are not. */
export const NO_BASELINE_GRID: Grid = buildGrid([]);
