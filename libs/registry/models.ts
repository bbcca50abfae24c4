import {
  durationMs,
  LeewayError,
  decodeCursor,
  toPage,
  type Database,
  type Page,
  type PageRequest,
} from '#platform';
import { modelSchema, versionSchema, type ModelSpec, type VersionSpec } from './schemas.js';

export interface Model extends ModelSpec {
  readonly id: string;
  readonly grainMs: number;
  readonly createdAt: string;
}

export interface Version extends VersionSpec {
  readonly id: string;
  readonly model: Model;
  readonly createdAt: string;
}

interface ModelRow {
  id: string;
  name: string;
  spec: ModelSpec;
  created_at: Date;
}

interface VersionRow extends ModelRow {
  spec: never;
  version_id: string;
  model_spec: ModelSpec;
  version_spec: VersionSpec;
  version_created_at: Date;
}

/** Unique violation: somebody made it first. */
const UNIQUE_VIOLATION = '23505';

const SELECT_VERSION = `
  select m.id, m.name, m.spec as model_spec, m.created_at,
         v.id as version_id, v.spec as version_spec, v.created_at as version_created_at
    from version v join model m on m.id = v.model_id`;

/** Models and their versions. */
export class Models {
  constructor(private readonly database: Database) {}

  async create(spec: ModelSpec): Promise<Model> {
    const [row] = await this.insertOnce<ModelRow>(
      'insert into model (name, spec) values ($1, $2) returning *',
      [spec.name, JSON.stringify(spec)],
      `the model ${JSON.stringify(spec.name)} exists already; change it with PUT /api/v1/models/${spec.name}`,
    );
    return toModel(row);
  }

  /** Creates the model or changes it to `spec`. @throws LeewayError `model-grain-fixed` if the grain would change */
  async put(spec: ModelSpec): Promise<Model> {
    return this.database.transaction(async (tx) => {
      const [existing] = await tx.query<ModelRow>('select * from model where name = $1 for update', [
        spec.name,
      ]);
      if (existing !== undefined && toModel(existing).grainMs !== durationMs(spec.grain)) {
        throw new LeewayError(
          'model-grain-fixed',
          `the windows of ${JSON.stringify(spec.name)} are ${existing.spec.grain} long, and stored windows cannot be cut anew; keep the grain or register another model`,
          { places: [{ pointer: '/grain', detail: `must stay ${existing.spec.grain}` }] },
        );
      }
      const [row] = await tx.query<ModelRow>(
        `insert into model (name, spec) values ($1, $2)
           on conflict (name) do update set spec = excluded.spec returning *`,
        [spec.name, JSON.stringify(spec)],
      );
      return toModel(row);
    });
  }

  async list({ limit, cursor }: PageRequest): Promise<Page<Model>> {
    const rows = await this.database.query<ModelRow>(
      'select * from model where id > $1 order by id limit $2',
      [decodeCursor(cursor) ?? '0', limit + 1],
    );
    return toPage(rows, limit, (row) => row.id, toModel);
  }

  /** @throws LeewayError `not-found` */
  async get(name: string): Promise<Model> {
    const [row] = await this.database.query<ModelRow>('select * from model where name = $1', [name]);
    if (row === undefined) throw unknownModel(name);
    return toModel(row);
  }

  async createVersion(modelName: string, spec: VersionSpec): Promise<Version> {
    const model = await this.get(modelName);
    const [row] = await this.insertOnce<{ id: string; created_at: Date }>(
      'insert into version (model_id, name, spec) values ($1, $2, $3) returning id, created_at',
      [model.id, spec.name, JSON.stringify(spec)],
      `the version ${JSON.stringify(spec.name)} of ${JSON.stringify(modelName)} exists already; see /api/v1/models/${modelName}/versions/${spec.name}`,
    );
    if (row === undefined) throw new Error('the statement returned no row');
    return { ...versionSchema.parse(spec), id: row.id, model, createdAt: row.created_at.toISOString() };
  }

  /** Creates the version, or changes its description. Its columns cannot change: windows are counted on them. */
  async putVersion(modelName: string, spec: VersionSpec): Promise<Version> {
    const model = await this.get(modelName);
    return this.database.transaction(async (tx) => {
      const [existing] = await tx.query<{ spec: VersionSpec }>(
        'select spec from version where model_id = $1 and name = $2 for update',
        [model.id, spec.name],
      );
      if (existing !== undefined && JSON.stringify(existing.spec.columns) !== JSON.stringify(spec.columns)) {
        throw new LeewayError(
          'version-columns-fixed',
          `the columns of version ${JSON.stringify(spec.name)} cannot change, since its windows are counted on them; register the new schema as a new version`,
          { places: [{ pointer: '/columns', detail: 'differ from the registered ones' }] },
        );
      }
      const [row] = await tx.query<{ id: string; created_at: Date }>(
        `insert into version (model_id, name, spec) values ($1, $2, $3)
           on conflict (model_id, name) do update set spec = excluded.spec returning id, created_at`,
        [model.id, spec.name, JSON.stringify(spec)],
      );
      if (row === undefined) throw new Error('the statement returned no row');
      return { ...spec, id: row.id, model, createdAt: row.created_at.toISOString() };
    });
  }

  async listVersions(modelName: string, { limit, cursor }: PageRequest): Promise<Page<Version>> {
    const model = await this.get(modelName);
    const rows = await this.database.query<VersionRow>(
      `${SELECT_VERSION} where v.model_id = $1 and v.id > $2 order by v.id limit $3`,
      [model.id, decodeCursor(cursor) ?? '0', limit + 1],
    );
    return toPage(rows, limit, (row) => row.version_id, toVersion);
  }

  /** @throws LeewayError `not-found` that says whether the model or the version is unknown */
  async getVersion(modelName: string, versionName: string): Promise<Version> {
    const [row] = await this.database.query<VersionRow>(
      `${SELECT_VERSION} where m.name = $1 and v.name = $2`,
      [modelName, versionName],
    );
    if (row !== undefined) return toVersion(row);
    await this.get(modelName);
    throw new LeewayError(
      'not-found',
      `the model ${JSON.stringify(modelName)} has no version ${JSON.stringify(versionName)}; GET /api/v1/models/${modelName}/versions lists them`,
    );
  }

  /** The versions with these ids. */
  async versionsById(ids: readonly string[]): Promise<Version[]> {
    if (ids.length === 0) return [];
    return (
      await this.database.query<VersionRow>(
        `${SELECT_VERSION} where v.id = any ($1::bigint[]) order by v.id`,
        [ids],
      )
    ).map(toVersion);
  }

  private async insertOnce<Row extends object>(
    text: string,
    values: readonly unknown[],
    message: string,
  ): Promise<Row[]> {
    try {
      return await this.database.query<Row>(text, values);
    } catch (error) {
      if ((error as { code?: unknown }).code === UNIQUE_VIOLATION)
        throw new LeewayError('already-exists', message, { cause: error });
      throw error;
    }
  }
}

/** That there is no model of this name. */
export function unknownModel(name: string): LeewayError {
  return new LeewayError(
    'not-found',
    `there is no model ${JSON.stringify(name)}; GET /api/v1/models lists them`,
  );
}

function toModel(row: ModelRow | undefined): Model {
  if (row === undefined) throw new Error('the statement returned no row');
  const spec = modelSchema.parse(row.spec);
  return { ...spec, id: row.id, grainMs: durationMs(spec.grain), createdAt: row.created_at.toISOString() };
}

function toVersion(row: VersionRow): Version {
  const model = toModel({ id: row.id, name: row.name, spec: row.model_spec, created_at: row.created_at });
  return {
    ...versionSchema.parse(row.version_spec),
    id: row.version_id,
    model,
    createdAt: row.version_created_at.toISOString(),
  };
}
