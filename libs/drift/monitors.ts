import {
  decodeCursor,
  durationMs,
  LeewayError,
  toPage,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  toRfc3339,
} from '#platform';
import type { Models } from '#registry';
import { monitorSchema, type MonitorSpec } from './schemas.js';

export interface Monitor extends MonitorSpec {
  readonly id: string;
  readonly model: string;
  readonly createdAt: string;
}

interface MonitorRow {
  id: string;
  model: string;
  name: string;
  spec: MonitorSpec;
  created_at: Date;
}

const SELECT =
  'select o.id, m.name as model, o.name, o.spec, o.created_at from monitor o join model m on m.id = o.model_id';
const UNIQUE_VIOLATION = '23505';

/** What is compared with what, and how often. */
export class Monitors {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
  ) {}

  async create(modelName: string, spec: MonitorSpec): Promise<Monitor> {
    const model = await this.models.get(modelName);
    checkSpan(spec, model.grainMs, model.grain);
    try {
      await this.database.query('insert into monitor (model_id, name, spec) values ($1, $2, $3)', [
        model.id,
        spec.name,
        JSON.stringify(spec),
      ]);
    } catch (error) {
      if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
      throw new LeewayError(
        'already-exists',
        `the monitor ${JSON.stringify(spec.name)} of ${JSON.stringify(modelName)} exists already; change it with PUT`,
        { cause: error },
      );
    }
    return this.get(modelName, spec.name);
  }

  async put(modelName: string, spec: MonitorSpec): Promise<Monitor> {
    const model = await this.models.get(modelName);
    checkSpan(spec, model.grainMs, model.grain);
    await this.database.query(
      `insert into monitor (model_id, name, spec) values ($1, $2, $3)
         on conflict (model_id, name) do update set spec = excluded.spec, next_due_at = '-infinity'`,
      [model.id, spec.name, JSON.stringify(spec)],
    );
    return this.get(modelName, spec.name);
  }

  async get(modelName: string, name: string): Promise<Monitor> {
    const model = await this.models.get(modelName);
    const [row] = await this.database.query<MonitorRow>(`${SELECT} where o.model_id = $1 and o.name = $2`, [
      model.id,
      name,
    ]);
    if (row === undefined)
      throw new LeewayError(
        'not-found',
        `the model ${JSON.stringify(modelName)} has no monitor ${JSON.stringify(name)}`,
      );
    return toMonitor(row);
  }

  async list(modelName: string, { limit, cursor }: PageRequest): Promise<Page<Monitor>> {
    const model = await this.models.get(modelName);
    const rows = await this.database.query<MonitorRow>(
      `${SELECT} where o.model_id = $1 and o.id > $2 order by o.id limit $3`,
      [model.id, decodeCursor(cursor) ?? '0', limit + 1],
    );
    return toPage(rows, limit, (row) => row.id, toMonitor);
  }

  async remove(modelName: string, name: string): Promise<void> {
    const monitor = await this.get(modelName, name);
    await this.database.query('delete from monitor where id = $1', [monitor.id]);
  }

  /**
   * Takes the monitors that are due and sets when they are due next, on whole multiples of `every`. A monitor is handed
   * out once, however many workers ask; missed runs are made up for by one, not by as many as were missed.
   */
  async claimDue(now: Instant): Promise<Monitor[]> {
    const due = await this.database.query<MonitorRow>(
      `${SELECT} where o.next_due_at <= $1 order by o.next_due_at`,
      [toRfc3339(now)],
    );
    const claimed: Monitor[] = [];
    for (const row of due) {
      const everyMs = durationMs(row.spec.every);
      const next = (Math.floor(now / everyMs) + 1) * everyMs;
      const taken = await this.database.query(
        'update monitor set next_due_at = $2 where id = $1 and next_due_at <= $3 returning id',
        [row.id, toRfc3339(next), toRfc3339(now)],
      );
      if (taken.length > 0) claimed.push(toMonitor(row));
    }
    return claimed;
  }
}

function checkSpan({ span }: MonitorSpec, grainMs: number, grain: string): void {
  if (durationMs(span) % grainMs === 0) return;
  throw new LeewayError(
    'invalid-body',
    `the span ${span} is not a whole number of the model's windows of ${grain}`,
    {
      places: [{ pointer: '/span', detail: `must be a multiple of ${grain}` }],
    },
  );
}

function toMonitor(row: MonitorRow): Monitor {
  return {
    ...monitorSchema.parse(row.spec),
    id: row.id,
    model: row.model,
    createdAt: row.created_at.toISOString(),
  };
}
