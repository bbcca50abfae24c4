import { DailyPartitions, toRfc3339, type Database, type Instant, type Transaction } from '#platform';
import { addedCounts, type CountedRound, type ServingCounts } from './lines/counted-lines.js';
import { StepCollector, stepStarts, type StepRange, type StepsByVersion } from './serving-steps.js';

interface StoredRow {
  version: string;
  at: Date;
  requests: number;
  client_errors: number;
  server_errors: number;
  /** Pairs of bound and count; the last bound, infinity, is null. */
  latency: [number | null, number][] | null;
}

/**
 * Serving counts of collectors that scrape, a row for each round and version: nobody else remembers them. A Prometheus is asked
 * when somebody looks.
 */
export class StoredCounts {
  private readonly partitions = new DailyPartitions('serving_count');

  constructor(private readonly database: Database) {}

  /** Stores the counts of a round. A round that is stored again changes nothing. */
  async write(
    { collector, model }: { readonly collector: string; readonly model: string },
    at: Instant,
    rounds: readonly CountedRound[],
  ): Promise<void> {
    if (rounds.length === 0) return;
    await this.partitions.ensure(this.database, [at]);
    const rows = rounds.map(({ version, counts: { requests, clientErrors, serverErrors, latency } }) => ({
      ...{ version, requests, client_errors: clientErrors, server_errors: serverErrors },
      latency: latency?.map(({ le, count }) => [le === Infinity ? null : le, count]) ?? null,
    }));
    await this.database.query(
      `insert into serving_count (collector, model, at, version, requests, client_errors, server_errors, latency)
       select $1, $2, $3, r.version, r.requests, r.client_errors, r.server_errors, r.latency
         from json_to_recordset($4::json) as r (version text, requests double precision, client_errors double precision,
                                                server_errors double precision, latency jsonb)
       on conflict (collector, version, at) do nothing`,
      [collector, model, toRfc3339(at), JSON.stringify(rows)],
    );
  }

  /** The steps of each version: the rounds that ended in them, added up. */
  async read(collector: string, versions: readonly string[], range: StepRange): Promise<StepsByVersion> {
    const starts = stepStarts(range);
    const [first, last] = [starts[0], starts.at(-1)];
    const steps = new StepCollector();
    if (first === undefined || last === undefined) return steps.of(versions);
    const rows = await this.database.query<StoredRow>(
      `select version, at, requests, client_errors, server_errors, latency from serving_count
        where collector = $1 and version = any ($2::text[]) and at > $3 and at <= $4 order by at`,
      [collector, versions, toRfc3339(first), toRfc3339(last + range.stepMs)],
    );
    const rounds = new Map<string, Map<Instant, ServingCounts[]>>();
    for (const row of rows) {
      // A round is of the step in which it ended: (start, start + step].
      const at = Math.ceil(row.at.getTime() / range.stepMs) * range.stepMs - range.stepMs;
      let byStep = rounds.get(row.version);
      if (byStep === undefined) rounds.set(row.version, (byStep = new Map<Instant, ServingCounts[]>()));
      const ofStep = byStep.get(at);
      if (ofStep === undefined) byStep.set(at, [toCounts(row)]);
      else ofStep.push(toCounts(row));
    }
    for (const [version, byStep] of rounds)
      for (const [at, ofStep] of byStep) steps.add(version, { at, counts: addedCounts(ofStep) });
    return steps.of(versions);
  }

  /** Drops the days before `before`. */
  async dropBefore(before: Instant): Promise<string[]> {
    return this.partitions.dropBefore(this.database, before);
  }
}

function toCounts(row: StoredRow): ServingCounts {
  return {
    requests: row.requests,
    clientErrors: row.client_errors,
    serverErrors: row.server_errors,
    latency: row.latency?.map(([le, count]) => ({ le: le ?? Infinity, count })) ?? null,
  };
}

/** Deletes the serving counts of a model. */
export async function deleteCountsOf(tx: Transaction, model: string): Promise<void> {
  await tx.query('delete from serving_count where model = $1', [model]);
}
