import {
  decodeCursor,
  LeewayError,
  toPage,
  toRfc3339,
  type Clock,
  type Database,
  type Instant,
  type Page,
  type PageRequest,
  type Transaction,
} from '#platform';
import { ruleSchema, type RuleSpec } from './schemas.js';

export interface Rule extends RuleSpec {
  readonly id: string;
  readonly createdAt: string;
}

interface RuleRow {
  id: string;
  name: string;
  spec: RuleSpec;
  created_at: Date;
}

/** Names that a rule may refer to: they come from the operator's configuration. */
export interface RuleTargets {
  readonly channels: ReadonlySet<string>;
  readonly triggers: ReadonlySet<string>;
}

const UNIQUE_VIOLATION = '23505';

/** Rule definitions. */
export class Rules {
  constructor(
    private readonly database: Database,
    private readonly targets: RuleTargets,
    private readonly clock: Clock,
  ) {}

  async create(spec: RuleSpec): Promise<Rule> {
    this.checkTargets(spec);
    try {
      const [row] = await this.database.query<RuleRow>(
        'insert into rule (name, spec) values ($1, $2) returning *',
        [spec.name, JSON.stringify(spec)],
      );
      return toRule(row);
    } catch (error) {
      if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error;
      throw new LeewayError(
        'already-exists',
        `the rule ${JSON.stringify(spec.name)} exists already; change it with PUT /api/v1/rules/${spec.name}`,
        { cause: error },
      );
    }
  }

  async put(spec: RuleSpec): Promise<Rule> {
    this.checkTargets(spec);
    const [row] = await this.database.query<RuleRow>(
      'insert into rule (name, spec) values ($1, $2) on conflict (name) do update set spec = excluded.spec returning *',
      [spec.name, JSON.stringify(spec)],
    );
    return toRule(row);
  }

  async get(name: string): Promise<Rule> {
    const [row] = await this.database.query<RuleRow>('select * from rule where name = $1', [name]);
    if (row === undefined) throw new LeewayError('not-found', `there is no rule ${JSON.stringify(name)}`);
    return toRule(row);
  }

  async list({ limit, cursor }: PageRequest): Promise<Page<Rule>> {
    const rows = await this.database.query<RuleRow>('select * from rule where id > $1 order by id limit $2', [
      decodeCursor(cursor) ?? '0',
      limit + 1,
    ]);
    return toPage(rows, limit, (row) => row.id, toRule);
  }

  async all(): Promise<Rule[]> {
    return (await this.database.query<RuleRow>('select * from rule order by id')).map(toRule);
  }

  /** Removes a rule; its open alerts end as superseded. */
  async remove(name: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const removed = await tx.query('delete from rule where name = $1 returning id', [name]);
      if (removed.length === 0)
        throw new LeewayError('not-found', `there is no rule ${JSON.stringify(name)}`);
      await endAlertsOfRule(tx, name, this.clock.now());
    });
  }

  /** A rule that points nowhere would alert nobody: better refused when it is saved. */
  private checkTargets(spec: RuleSpec): void {
    const places = [
      ...spec.channels.flatMap((name, index) =>
        this.targets.channels.has(name)
          ? []
          : [{ pointer: `/channels/${index}`, detail: `there is no channel ${JSON.stringify(name)}` }],
      ),
      ...(spec.trigger === undefined || this.targets.triggers.has(spec.trigger)
        ? []
        : [{ pointer: '/trigger', detail: `there is no trigger ${JSON.stringify(spec.trigger)}` }]),
    ];
    if (places.length > 0) {
      throw new LeewayError(
        'invalid-body',
        `the rule ${JSON.stringify(spec.name)} names ${places.map(({ detail }) => detail).join('; ')}; channels and triggers are defined in leeway.yaml`,
        { places },
      );
    }
  }
}

/** Ends the open alerts of a rule that is gone. Nobody else would: what no rule watches is not firing. */
export async function endAlertsOfRule(tx: Transaction, rule: string, now: Instant): Promise<void> {
  await tx.query(`delete from alert where rule = $1 and state = 'pending'`, [rule]);
  await tx.query(
    `with ended as (
       update alert set state = 'resolved', end_reason = 'superseded', ended_at = $2 where rule = $1 and state = 'firing' returning id
     )
     insert into alert_event (alert_id, at, from_state, to_state, cause) select id, $2, 'firing', 'resolved', 'rule-removed' from ended`,
    [rule, toRfc3339(now)],
  );
}

function toRule(row: RuleRow | undefined): Rule {
  if (row === undefined) throw new Error('the statement returned no row');
  return { ...ruleSchema.parse(row.spec), id: row.id, createdAt: row.created_at.toISOString() };
}
