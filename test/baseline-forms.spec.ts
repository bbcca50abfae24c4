import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toRfc3339 } from '#platform';
import { baselineBodySchema, versionSchema, type BaselineSource } from '#registry';
import { seededRandom } from '../apps/demo/seeded-random.js';
import { openTestDatabase, type TestDatabase } from './database.js';
import { findPython } from './find-server.js';
import { describeWithPython } from './real-servers.js';
import { connectRooms, registerVersion, send } from './rooms.js';

const COLUMNS = [
  { name: 'amount', role: 'feature', type: 'numeric' },
  { name: 'age', role: 'feature', type: 'numeric' },
  { name: 'country', role: 'segment', type: 'categorical' },
  { name: 'shop', role: 'feature', type: 'categorical' },
  { name: 'is_new', role: 'feature', type: 'boolean' },
  { name: 'note', role: 'feature', type: 'text' },
  { name: 'score', role: 'score', type: 'numeric' },
  { name: 'fraud', role: 'groundTruth', type: 'categorical' },
];
const WORDS = ['Quick', 'brown', 'fuchs', 'straße', 'größe', '東京', 'x2', 'rabatt', 'lazy', 'İstanbul'];

type Row = Readonly<Record<string, number | string | boolean | null>>;

/** Rows with everything that a column may hold: gaps, ties, blanks, quotes, many categories, letters of several scripts. */
function rowsOf(count: number, seed: number, shift: number): Row[] {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  return Array.from({ length: count }, () => ({
    amount: random() < 0.02 ? null : Math.exp(3 * random() + shift) - 1,
    age: Math.floor(18 + 60 * random() ** 2),
    country: random() < 0.01 ? null : pick(['de', 'fr', 'it, "sud"', 'us', 'other', '\\']),
    shop: `shop ${Math.floor(1_500 * random() ** 3)}`,
    is_new: random() < 0.3,
    note:
      random() < 0.05
        ? ' '
        : Array.from({ length: 1 + Math.floor(6 * random()) }, () => pick(WORDS)).join(' '),
    score: Math.round(random() * 1_000) / 1_000,
    fraud: random() < 0.1 ? 'yes' : 'no',
  }));
}

const quoted = (value: Row[string]): string =>
  value === null
    ? ''
    : /[",\n]/.test(String(value))
      ? `"${String(value).replaceAll('"', '""')}"`
      : String(value);

function csvOf(rows: readonly Row[]): string {
  const names = COLUMNS.map(({ name }) => name);
  const lines = rows.map((row) => names.map((name) => quoted(row[name] ?? null)).join(','));
  return `${[names.join(','), ...lines].join('\n')}\n`;
}

describe('the same data in every form', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  const folder = mkdtempSync(join(tmpdir(), 'leeway-test-'));
  const file = (name: string): string => join(folder, name);
  const rows = rowsOf(6_000, 1, 0);
  const ndjson = rows.map((row) => JSON.stringify(row)).join('\n');

  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    writeFileSync(file('data.csv'), csvOf(rows));
    writeFileSync(file('data.ndjson'), ndjson);
    writeFileSync(file('version.json'), JSON.stringify({ columns: COLUMNS }));
    const connection = await (await DuckDBInstance.create()).connect();
    const types = { numeric: 'double', boolean: 'boolean', categorical: 'varchar', text: 'varchar' };
    const columns = COLUMNS.map(({ name, type }) => `${name}: '${types[type as keyof typeof types]}'`);
    await connection.run(
      `copy (select * from read_json('${file('data.ndjson')}', format = 'newline_delimited', columns = {${columns.join(', ')}}))
         to '${file('data.parquet')}' (format parquet)`,
    );
    connection.closeSync();
  }, 60_000);
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await test.close();
  });

  const stream = (kind: 'csv' | 'ndjson' | 'parquet'): BaselineSource => ({
    kind,
    stream: Readable.from([readFileSync(file(`data.${kind}`))]),
  });

  /** The profile as the script makes it of a file, through the schema of the API. */
  async function scripted(data: string): Promise<BaselineSource> {
    const script = new URL('../examples/baseline_profile.py', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(
      findPython() ?? '',
      [script, file(data), '--version-json', file('version.json')],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    const { profile } = baselineBodySchema.parse(JSON.parse(stdout));
    if (profile === undefined) throw new Error('the script made no profile');
    return { kind: 'profile', profile };
  }

  /** Registers a baseline, sends production to it, and says what is made of it. */
  async function judged(version: string, source: BaselineSource) {
    const model = `forms-${version}`;
    await registerVersion(rooms.models, model, 'v1', { fraction: 0, maxRowsPerWindow: 0 }, COLUMNS);
    const { gridHash, columns } = await rooms.baselines.register(model, 'v1', source);
    const from = rooms.clock.now();
    const timestamp = toRfc3339(from);
    const production = rowsOf(2_000, 2, 0.4).map(({ fraud: _, ...values }) => ({ timestamp, values }));
    await send(rooms, model, 'v1', { rows: production });
    const result = await rooms.drift.evaluate(model, 'v1', {
      from: timestamp,
      to: toRfc3339(from + 60_000),
      reference: 'baseline',
    } as never);
    const { items } = await rooms.windows.list(model, 'v1', { limit: 20 });
    return { gridHash, columns, result, segments: items.map(({ segment }) => segment).sort() };
  }
  type Judged = Awaited<ReturnType<typeof judged>>;

  const verdicts = ({ result }: Judged) => [
    result.verdict,
    result.reason,
    result.driftedShare,
    ...result.columns.map(({ column, verdict, reason, explanation }) => [
      column,
      verdict,
      reason,
      explanation,
    ]),
  ];

  function expectAlike(one: Judged, other: Judged): void {
    expect(other.gridHash).toBe(one.gridHash);
    expect(other.segments).toEqual(one.segments);
    expect(verdicts(other)).toEqual(verdicts(one));
    one.result.columns.forEach((drift, index) => {
      const same = other.result.columns[index];
      for (const measure of ['psi', 'ks', 'wasserstein', 'pValue'] as const)
        if (drift[measure] === null) expect(same?.[measure]).toBeNull();
        else expect(same?.[measure]).toBeCloseTo(drift[measure], 9);
    });
  }

  it('gives the same grid and verdicts, as CSV, NDJSON, Parquet and rows', async () => {
    const csv = await judged('csv', stream('csv'));
    expect(csv.result).toMatchObject({ verdict: 'warning', reason: 'some-features-drifted' });
    expect(csv.segments.length).toBeGreaterThan(4);
    for (const kind of ['ndjson', 'parquet'] as const) expectAlike(csv, await judged(kind, stream(kind)));
    expectAlike(csv, await judged('rows', { kind: 'rows', rows }));
  }, 60_000);

  describeWithPython('and as a profile', () => {
    it.each(['csv', 'parquet'])(
      'that examples/baseline_profile.py makes of %s, which is a fraction of the size',
      async (kind) => {
        const data = await judged(`data-${kind}`, stream('ndjson'));
        expectAlike(data, await judged(`profile-${kind}`, await scripted(`data.${kind}`)));
      },
      60_000,
    );
  });

  it('is of columns that are the schema of a version', () => {
    expect(versionSchema.safeParse({ name: 'v1', columns: COLUMNS }).success).toBe(true);
  });
});
