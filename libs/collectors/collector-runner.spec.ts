import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Deployments, Models, modelSchema, versionSchema, VersionSightings } from '#registry';
import { Signals } from '#signals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { CollectorRunner, type RunningCollector } from './collector-runner.js';
import type { Collection, MetricsSource, PastSpan } from './metrics-source.js';
import { StoredCounts } from './stored-counts.js';

const START = Date.UTC(2026, 10, 23, 4);
const SECOND = 1_000;
const INTERVAL = 15 * SECOND;

/** A server that knows everything, the seconds since the start, as far as it is up. */
class KnownPast implements MetricsSource {
  readonly asked: PastSpan[] = [];
  isUp = true;
  hasPast = true;

  constructor(
    readonly name: string,
    private readonly piecePoints = 1_000,
  ) {}

  readonly past = {
    backfillMs: 10 * INTERVAL,
    collectPast: (span: PastSpan): AsyncIterable<Collection> => this.pieces(span),
  };

  collect(at: number): Promise<Collection> {
    return Promise.resolve(this.at([at]));
  }

  private async *pieces(span: PastSpan): AsyncIterable<Collection> {
    this.asked.push(span);
    for (let from = span.from; from <= span.to; from += span.stepMs * this.piecePoints) {
      const times = Array.from({ length: this.piecePoints }, (_, index) => from + index * span.stepMs);
      yield await Promise.resolve(
        this.hasPast
          ? this.at(times.filter((at) => at <= span.to))
          : { samples: [], problems: ['no past'], failures: [] },
      );
    }
  }

  private at(times: readonly number[]): Collection {
    if (!this.isUp)
      return {
        samples: [],
        problems: ['the server is down'],
        failures: [{ name: null, detail: 'the server is down' }],
      };
    const samples = times.map((at) => ({
      ...{ signal: 'seconds', labels: {}, unit: 'seconds', at, value: (at - START) / SECOND },
    }));
    return { samples, problems: [], failures: [] };
  }
}

describe('CollectorRunner', () => {
  let test: TestDatabase;
  let signals: Signals;
  let models: Models;
  let now = START;
  let names = 0;
  beforeAll(async () => {
    test = await openTestDatabase();
    signals = new Signals(test.database);
    models = new Models(test.database);
  }, 60_000);
  afterAll(() => test.close());
  beforeEach(() => {
    now = START;
    names += 1;
  });

  const log = { info: () => undefined, warn: () => undefined } as never;
  const runnerOf = (
    source: MetricsSource,
  ): { runner: CollectorRunner; round: (at: number) => Promise<void> } => {
    const collector: RunningCollector = {
      source,
      model: `m-${source.name}`,
      version: null,
      intervalMs: INTERVAL,
    };
    const runner = new CollectorRunner([collector], {
      ...{ database: test.database, signals, counts: new StoredCounts(test.database) },
      ...{
        sightings: new VersionSightings(test.database, models, { now: () => now }),
        clock: { now: () => now },
        logger: log,
      },
    });
    return {
      runner,
      round: async (at) => {
        now = at;
        await runner.runRound(collector);
      },
    };
  };
  const written = async (name: string): Promise<number[]> => {
    const [series] = await signals.query(
      { name: 'seconds', model: `m-${name}`, matchers: {} },
      START - 86_400_000,
      START + 86_400_000,
    );
    return series?.samples.map(([, value]) => value ?? NaN) ?? [];
  };
  /** Another worker has the database's time in its way: the lease of the one before it is over. */
  const endLease = (name: string): Promise<unknown> =>
    test.database.query('delete from collector_lease where collector = $1', [name]);

  it('writes what a round reads, and asks for no past when nothing was written before', async () => {
    const source = new KnownPast(`c${names}`);
    const { round } = runnerOf(source);
    await round(START);
    await round(START + INTERVAL);
    await round(START + 3 * INTERVAL);
    expect(await written(source.name)).toEqual([0, 15, 45]);
    expect(source.asked).toEqual([]);
  });

  it('fills in the time in which nobody collected, whoever did before', async () => {
    const source = new KnownPast(`c${names}`);
    await runnerOf(source).round(START);
    await endLease(source.name);
    await runnerOf(source).round(START + 5 * INTERVAL);
    expect(await written(source.name)).toEqual([0, 15, 30, 45, 60, 75]);
  });

  it('as far back as it may', async () => {
    const source = new KnownPast(`c${names}`);
    const { round } = runnerOf(source);
    await round(START);
    await round(START + 100 * INTERVAL);
    expect(await written(source.name)).toEqual([
      0,
      ...Array.from({ length: 11 }, (_, index) => (90 + index) * 15),
    ]);
  });

  it('and the time in which the server was down, once it is up', async () => {
    const source = new KnownPast(`c${names}`);
    const { round } = runnerOf(source);
    await round(START);
    source.isUp = false;
    await round(START + INTERVAL);
    await round(START + 2 * INTERVAL);
    expect(await signals.problems(`m-${source.name}`)).toMatchObject([
      { source: `collector:${source.name}`, name: null, detail: 'the server is down' },
    ]);
    await expect(round(START + 3 * INTERVAL)).rejects.toThrow('the server is down');
    source.isUp = true;
    await round(START + 4 * INTERVAL);
    expect(await written(source.name)).toEqual([0, 15, 30, 45, 60]);
    expect(await signals.problems(`m-${source.name}`)).toEqual([]);
  });

  it('does not wait for ever for a past that cannot be told', async () => {
    const source = new KnownPast(`c${names}`);
    const { round } = runnerOf(source);
    await round(START);
    source.hasPast = false;
    await expect(round(START + 5 * INTERVAL)).rejects.toThrow('no past');
    await expect(round(START + 6 * INTERVAL)).rejects.toThrow('no past');
    await round(START + 7 * INTERVAL);
    await round(START + 8 * INTERVAL);
    expect(await written(source.name)).toEqual([0, 105, 120]);
  });

  it('goes on where it was when it breaks off in the middle', async () => {
    const source = new KnownPast(`c${names}`, 2);
    const { round } = runnerOf(source);
    await round(START);
    const write = signals.write.bind(signals);
    let pieces = 0;
    signals.write = (...args) => {
      if ((pieces += 1) === 2) return Promise.reject(new Error('the database went away'));
      return write(...args);
    };
    await expect(round(START + 7 * INTERVAL)).rejects.toThrow('went away');
    signals.write = write;
    await round(START + 8 * INTERVAL);
    expect(await written(source.name)).toEqual(Array.from({ length: 9 }, (_, index) => index * 15));
    expect(source.asked.map(({ from }) => (from - START) / INTERVAL)).toEqual([1, 3]);
  });

  it('notices a registered version that begins to serve, and takes one that is unknown for no deployment', async () => {
    const name = `c${names}`;
    const model = `m-${name}`;
    await models.put(modelSchema.parse({ name: model }));
    await models.putVersion(
      model,
      versionSchema.parse({ name: 'v1', columns: [{ name: 'x', role: 'feature', type: 'numeric' }] }),
    );
    const source: MetricsSource = {
      name,
      collect: (at) => {
        const samples = ['v1', 'v0'].map((version) => ({
          ...{ signal: 's', unit: 'x', at, value: 1 },
          labels: { version },
        }));
        return Promise.resolve({ samples, problems: [], failures: [] });
      },
    };
    const { round } = runnerOf(source);
    await round(START);
    await round(START + INTERVAL);
    const { items } = await new Deployments(test.database, models, { now: () => now }).list(model, {
      limit: 10,
    });
    expect(items).toMatchObject([{ version: 'v1', origin: 'noticed', kind: 'full', endedAt: null }]);
    const unknown = await new VersionSightings(test.database, models, { now: () => now }).unknownVersions(
      model,
    );
    expect(unknown).toMatchObject([{ version: 'v0', lastSeenAt: new Date(START).toISOString() }]);
  });

  it('two workers do not collect at once', async () => {
    const source = new KnownPast(`c${names}`);
    const [first, second] = [runnerOf(source), runnerOf(source)];
    await first.round(START);
    await second.round(START + SECOND);
    expect(await written(source.name)).toEqual([0]);
  });
});
