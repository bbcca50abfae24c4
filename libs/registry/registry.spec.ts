import { Readable } from 'node:stream';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, evenRows, registerVersion } from '../../test/rooms.js';
import { deploymentSchema, modelSchema, versionSchema } from './schemas.js';
import type { AlignedSample } from './aligned-sample.js';
import { importanceOf } from './baseline-importances.js';
import { epochAt, BASELINE_NOTICE_MS } from './baseline-epochs.js';
import { retiredVersions } from './deployments.js';

describe('registry', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    await registerVersion(rooms.models, 'm');
  }, 60_000);
  afterAll(() => test.close());

  describe('models and versions', () => {
    it('names the existing one when it is created twice', async () => {
      await expect(rooms.models.create(modelSchema.parse({ name: 'm' }))).rejects.toMatchObject({
        code: 'already-exists',
        message: expect.stringContaining('/api/v1/models/m') as unknown,
      });
    });

    it("keeps a model's grain and a version's columns", async () => {
      await expect(rooms.models.put(modelSchema.parse({ name: 'm', grain: '5m' }))).rejects.toMatchObject({
        code: 'model-grain-fixed',
      });
      const changed = versionSchema.parse({
        name: 'v1',
        columns: [{ name: 'x', role: 'feature', type: 'numeric' }],
      });
      await expect(rooms.models.putVersion('m', changed)).rejects.toMatchObject({
        code: 'version-columns-fixed',
      });
    });

    it('says whether the model or the version is unknown', async () => {
      await expect(rooms.models.getVersion('zz', 'v1')).rejects.toThrow('there is no model "zz"');
      await expect(rooms.models.getVersion('m', 'v9')).rejects.toThrow('has no version "v9"');
    });
  });

  describe('baselines', () => {
    const rows = evenRows(500);
    const csv = `c,extra,x\n${rows.map(({ x, c }) => `${c},"a ""quoted"", field",${x}`).join('\n')}\n`;
    const ndjson = rows.map((row) => JSON.stringify(row)).join('\n');

    async function parquet(): Promise<Buffer> {
      const folder = mkdtempSync(join(tmpdir(), 'leeway-test-'));
      const connection = await (await DuckDBInstance.create()).connect();
      await connection.run('create table t (x double, c varchar)');
      await connection.run(`insert into t values ${rows.map(({ x, c }) => `(${x}, '${c}')`).join(',')}`);
      await connection.run(`copy t to '${join(folder, 'b.parquet')}' (format parquet)`);
      const bytes = readFileSync(join(folder, 'b.parquet'));
      rmSync(folder, { recursive: true });
      return bytes;
    }

    it('are the same from rows, CSV, NDJSON and Parquet', async () => {
      const stream = (bytes: string | Buffer): Readable => Readable.from([bytes]);
      for (const version of ['rows', 'csv', 'ndjson', 'parquet'])
        await registerVersion(rooms.models, 'm', version);
      const all = [
        await rooms.baselines.register('m', 'rows', { kind: 'rows', rows }),
        await rooms.baselines.register('m', 'csv', { kind: 'csv', stream: stream(csv) }),
        await rooms.baselines.register('m', 'ndjson', { kind: 'ndjson', stream: stream(ndjson) }),
        await rooms.baselines.register('m', 'parquet', { kind: 'parquet', stream: stream(await parquet()) }),
      ];
      expect(new Set(all.map(({ gridHash }) => gridHash)).size).toBe(1);
      expect(new Set(all.map(({ columns }) => JSON.stringify(columns))).size).toBe(1);
      expect(all[0]?.columns[0]).toMatchObject({
        name: 'x',
        count: 500,
        missingCount: 0,
        minimum: 0,
        maximum: 0.998,
      });
    });

    it('of texts are the same from rows, CSV, NDJSON and Parquet', async () => {
      const texts = Array.from({ length: 60 }, (_, i) => ({
        t: i % 9 === 0 ? null : `word${i % 7} and ${i}`,
      }));
      const columns = [{ name: 't', role: 'feature', type: 'text' }];
      const folder = mkdtempSync(join(tmpdir(), 'leeway-test-'));
      const connection = await (await DuckDBInstance.create()).connect();
      await connection.run('create table t (t varchar)');
      for (const { t } of texts) await connection.run('insert into t values ($1)', [t]);
      await connection.run(`copy t to '${join(folder, 't.parquet')}' (format parquet)`);
      const sources = {
        csv: `t\n${texts.map(({ t }) => (t === null ? '""' : `"${t}"`)).join('\n')}\n`,
        ndjson: texts.map((row) => JSON.stringify(row)).join('\n'),
        parquet: readFileSync(join(folder, 't.parquet')),
      };
      rmSync(folder, { recursive: true });
      await registerVersion(rooms.models, 'texts', 'rows', undefined, columns);
      const all = [await rooms.baselines.register('texts', 'rows', { kind: 'rows', rows: texts })];
      for (const kind of ['csv', 'ndjson', 'parquet'] as const) {
        await registerVersion(rooms.models, 'texts', kind, undefined, columns);
        all.push(
          await rooms.baselines.register('texts', kind, { kind, stream: Readable.from([sources[kind]]) }),
        );
      }
      expect(new Set(all.map(({ gridHash }) => gridHash)).size).toBe(1);
      expect(all.map(({ columns: [t] }) => t)).toEqual(
        all.map(() => expect.objectContaining({ kind: 'text', count: 53, missingCount: 7 }) as unknown),
      );
    });

    it('have no segments by text', () => {
      const columns = [{ name: 't', role: 'segment', type: 'text' }];
      expect(versionSchema.safeParse({ name: 'v', columns }).error?.issues).toMatchObject([
        {
          path: ['columns', 0, 'type'],
          message: expect.stringContaining('a segment is a category') as unknown,
        },
      ]);
    });

    it.each<[string, 'csv' | 'ndjson' | 'parquet', string, string]>([
      ['a CSV line with a field too many', 'csv', 'x,c\n1,a\n2,b,c\n', 'line 3'],
      ['a CSV quote that is never closed', 'csv', 'x,c\n1,"a\n', 'line'],
      ['a CSV without a required column', 'csv', 'x\n1\n', '"c"'],
      ['a CSV with a column twice', 'csv', 'x,c,x\n1,a,2\n', 'twice'],
      ['an NDJSON line that is not JSON', 'ndjson', '{"x":1,"c":"a"}\n{"x":\n', 'line 2'],
      ['an NDJSON line that is no object', 'ndjson', '[1]\n', 'line 1'],
      ['a file that is not Parquet', 'parquet', 'PAR1 not really', 'not a Parquet file'],
    ])('refuse %s, say where, and leave nothing behind', async (_name, kind, text, where) => {
      const count = async (): Promise<unknown> =>
        (await test.database.query('select count(*) as count from baseline'))[0];
      const before = await count();
      const attempt = rooms.baselines.register('m', 'v1', { kind, stream: Readable.from([text]) });
      await expect(attempt).rejects.toMatchObject({
        code: 'baseline-unreadable',
        message: expect.stringContaining(where) as unknown,
      });
      expect(await count()).toEqual(before);
    });

    it.each([
      ['csv', 'x,c\n'],
      ['ndjson', '\n'],
      ['csv', ''],
    ] as const)('refuse %s without rows', async (kind, text) => {
      await expect(
        rooms.baselines.register('m', 'v1', { kind, stream: Readable.from([text]) }),
      ).rejects.toMatchObject({ code: 'baseline-empty' });
    });

    it('are not registered twice: the newest one again is a request that was sent again', async () => {
      await registerVersion(rooms.models, 'm', 'twice');
      const register = (shift: number): Promise<{ id: string }> =>
        rooms.baselines.register('m', 'twice', { kind: 'rows', rows: evenRows(100, shift) });
      const first = await register(0);
      await expect(register(0)).rejects.toMatchObject({
        code: 'already-exists',
        message: expect.stringContaining(`baseline ${first.id} `) as unknown,
      });
      await register(1);
      expect((await register(0)).id).not.toBe(first.id);
    });

    it('count missing and invalid cells apart', async () => {
      const { columns } = await rooms.baselines.register('m', 'v1', {
        kind: 'csv',
        stream: Readable.from(['x,c\n1,a\n,a\nabc,\ninf,b\n']),
      });
      expect(columns[0]).toMatchObject({ name: 'x', count: 1, missingCount: 1, invalidCount: 2 });
      expect(columns[1]).toMatchObject({ name: 'c', count: 3, missingCount: 1 });
    });

    it('take effect at once when first, and later at a boundary that every process has noticed', async () => {
      await registerVersion(rooms.models, 'epochs');
      await rooms.baselines.register('epochs', 'v1', { kind: 'rows', rows });
      await rooms.baselines.register('epochs', 'v1', { kind: 'rows', rows: evenRows(100, 5) });
      const version = await rooms.models.getVersion('epochs', 'v1');
      const epochs = await rooms.baselines.epochs(version.id);
      expect(epochs[0]?.effectiveFrom).toBe(-Infinity);
      expect((epochs[1]?.effectiveFrom ?? 0) % 60_000).toBe(0);
      expect(epochs[1]?.effectiveFrom).toBeGreaterThan(rooms.clock.now() + BASELINE_NOTICE_MS);
      expect(epochAt(epochs, rooms.clock.now())?.id).toBe(epochs[0]?.id);
      expect(epochAt(epochs, epochs[1]?.effectiveFrom ?? 0)?.id).toBe(epochs[1]?.id);
      expect(epochAt([], 0)).toBeNull();
    });
  });

  describe('the baseline that counts', () => {
    const register = (version: string, shift: number, isPromoted = true) =>
      rooms.baselines.register('m', version, { kind: 'rows', rows: evenRows(100, shift) }, { isPromoted });
    const statuses = async (version: string): Promise<string[]> =>
      (await rooms.baselines.list('m', version, { limit: 10 })).items.map(({ status }) => status);
    const countingIn = async (version: string): Promise<string | undefined> => {
      const { id } = await rooms.models.getVersion('m', version);
      return epochAt(await rooms.baselines.epochs(id), rooms.clock.now())?.id;
    };

    it('is no candidate before its promotion, and then from the next window boundary on', async () => {
      await registerVersion(rooms.models, 'm', 'promoted');
      const first = await register('promoted', 0);
      const candidate = await register('promoted', 1, false);
      expect(candidate).toMatchObject({ status: 'candidate', effectiveFrom: null });
      const promoted = await rooms.baselines.promote(candidate.id);
      expect(promoted.status).toBe('next');
      expect(Date.parse(promoted.effectiveFrom ?? '') % 60_000).toBe(0);
      expect(Date.parse(promoted.effectiveFrom ?? '')).toBeGreaterThan(
        rooms.clock.now() + BASELINE_NOTICE_MS,
      );
      expect(await countingIn('promoted')).toBe(first.id);
      rooms.clock.advance(120_000);
      expect(await countingIn('promoted')).toBe(candidate.id);
      expect(await statuses('promoted')).toEqual(['superseded', 'current']);
    });

    it('counts from the beginning where it is the first that was promoted', async () => {
      await registerVersion(rooms.models, 'm', 'late');
      const candidate = await register('late', 0, false);
      expect(await countingIn('late')).toBeUndefined();
      await rooms.baselines.promote(candidate.id);
      expect(await rooms.baselines.get(candidate.id)).toMatchObject({
        status: 'current',
        effectiveFrom: null,
      });
    });

    it('may be an older one again; of two decisions before one boundary the later holds', async () => {
      await registerVersion(rooms.models, 'm', 'again');
      const first = await register('again', 0);
      const second = await register('again', 1);
      await rooms.baselines.promote(first.id);
      rooms.clock.advance(120_000);
      expect(await countingIn('again')).toBe(first.id);
      expect(await statuses('again')).toEqual(['current', 'superseded']);
      await expect(rooms.baselines.promote(first.id)).rejects.toMatchObject({
        code: 'baseline-counts-already',
      });
      await rooms.baselines.promote(second.id);
      await expect(rooms.baselines.promote(second.id)).rejects.toMatchObject({
        code: 'baseline-counts-already',
      });
      await expect(rooms.baselines.promote('999999')).rejects.toMatchObject({ code: 'not-found' });
    });
  });

  describe('importances', () => {
    it('come with a baseline or later, and are of features only', async () => {
      await registerVersion(rooms.models, 'm', 'weighed');
      const source = { kind: 'rows' as const, rows: evenRows(50) };
      const register = (importances: Record<string, number>) =>
        rooms.baselines.register('m', 'weighed', source, { importances });
      for (const name of ['secret', 'zz', 'constructor'])
        await expect(register({ x: 1, [name]: 1 })).rejects.toMatchObject({
          code: 'column-unknown',
          message: expect.stringContaining(`"${name}"`) as unknown,
          places: [{ pointer: `/importances/${name}` }],
        });
      const { id, importances } = await register({ x: 3 });
      expect(importances).toEqual({ x: 3 });
      expect((await rooms.baselines.setImportances(id, { c: 2 })).importances).toEqual({ c: 2 });
      await expect(rooms.baselines.setImportances(id, { zz: 2 })).rejects.toMatchObject({
        code: 'column-unknown',
      });
    });

    it('of the baseline go before those of the schema, column by column', () => {
      const schema = { name: 'x', role: 'feature', type: 'numeric', importance: 5 } as const;
      expect(importanceOf(schema, { x: 0 })).toBe(0);
      expect(importanceOf(schema, { c: 2 })).toBe(5);
      expect(importanceOf({ ...schema, name: 'constructor' }, {})).toBe(5);
      expect(importanceOf(schema, null)).toBe(5);
    });
  });

  describe('inheriting', () => {
    it('takes the same profile on the same grid, with importances', async () => {
      for (const version of ['old', 'new']) await registerVersion(rooms.models, 'm', version);
      const source = { kind: 'rows' as const, rows: evenRows(80, 3) };
      const old = await rooms.baselines.register('m', 'old', source, { importances: { x: 2 } });
      const inherited = await rooms.baselines.inherit('m', 'new', { version: 'old' });
      expect(inherited).toMatchObject({
        ...{ source: 'inherited', version: 'new', status: 'current', gridHash: old.gridHash, rowCount: 80 },
        importances: { x: 2 },
      });
      expect(inherited.columns).toEqual(old.columns);
      await expect(rooms.baselines.inherit('m', 'new', { baselineId: old.id })).rejects.toMatchObject({
        code: 'already-exists',
      });
    });

    it.each<[string, object[], string[]]>([
      [
        'other types',
        [
          { name: 'x', role: 'feature', type: 'categorical' },
          { name: 'c', role: 'feature', type: 'categorical' },
        ],
        ['"x" is categorical in "other types" and numeric in "v1"'],
      ],
      [
        'more and fewer columns',
        [
          { name: 'x', role: 'feature', type: 'numeric' },
          { name: 'y', role: 'feature', type: 'numeric' },
        ],
        ['"y" is not in the baseline', '"c" is no column of "more and fewer columns"'],
      ],
      [
        'other roles',
        [
          { name: 'x', role: 'prediction', type: 'numeric' },
          { name: 'c', role: 'feature', type: 'categorical' },
        ],
        ['"x" is a prediction in "other roles" and a feature in "v1"'],
      ],
    ])('is refused for %s, and says which', async (name, columns, details) => {
      await registerVersion(rooms.models, 'fits');
      if ((await rooms.baselines.list('fits', 'v1', { limit: 1 })).items.length === 0)
        await rooms.baselines.register('fits', 'v1', { kind: 'rows', rows: evenRows(80) });
      const version = name.replaceAll(' ', '-');
      await registerVersion(rooms.models, 'fits', version, undefined, columns);
      await expect(rooms.baselines.inherit('fits', version, { version: 'v1' })).rejects.toMatchObject({
        code: 'baseline-columns-differ',
        places: details.map((detail) => ({ detail: detail.replace(name, version) })),
      });
    });

    it('is refused from a version without a baseline, and from another model', async () => {
      for (const model of ['m', 'elsewhere']) await registerVersion(rooms.models, model, 'empty');
      const { id } = await rooms.baselines.register('elsewhere', 'empty', {
        kind: 'rows',
        rows: evenRows(9),
      });
      for (const from of [{ version: 'empty' }, { baselineId: id }])
        await expect(rooms.baselines.inherit('m', 'new', from)).rejects.toMatchObject({ code: 'not-found' });
    });
  });

  describe('the comparison of two baselines', () => {
    const compare = async (version: string, shift: number) => {
      await registerVersion(rooms.models, 'm', version);
      const ours = await rooms.baselines.register('m', version, { kind: 'rows', rows: evenRows(5_000) });
      const theirs = await rooms.baselines.register('m', version, {
        kind: 'rows',
        rows: evenRows(4_000, shift),
      });
      return rooms.baselines.compare(ours.id, theirs.id);
    };

    it('finds the same rows alike, and says how far off that can be', async () => {
      const { verdict, hasOneGrid, columns, notes, leftOut } = await compare('alike', 0);
      expect({ verdict, hasOneGrid, leftOut }).toEqual({ verdict: 'ok', hasOneGrid: false, leftOut: [] });
      expect(columns.map(({ column }) => column)).toEqual(['x', 'c']);
      expect(columns[0]?.gridError).toBeGreaterThan(0);
      expect(columns[0]?.gridError).toBeLessThan(2 / 940);
      expect(columns[1]?.gridError).toBe(0);
      expect(notes[0]).toContain('off by at most 0.');
    });

    it('finds others apart', async () => {
      const { verdict, columns } = await compare('apart', 0.3);
      expect(verdict).toBe('drifted');
      expect(columns.map(({ verdict: each }) => each)).toEqual(['drifted', 'ok']);
      expect(columns[0]?.ks).toBeCloseTo(0.3, 2);
    });
  });

  describe('a sample for estimators', () => {
    it('is of whole rows, at most so many, the same in every form, and what is made of it is kept', async () => {
      const samples: AlignedSample[] = [];
      const sampling = connectRooms(test.database, 0, (_version, sample) => {
        samples.push(sample);
        return Promise.resolve({ rows: sample.rowCount });
      });
      const columns = [
        { name: 'x', role: 'feature', type: 'numeric' },
        { name: 't', role: 'feature', type: 'text' },
        { name: 'p', role: 'score', type: 'numeric' },
        { name: 'y', role: 'groundTruth', type: 'categorical' },
      ];
      // Some cells are of a wrong type, at other places in each column.
      const lines = Array.from({ length: 60_000 }, (_, i) => ({
        x: i % 7 === 0 ? 'bad' : i,
        t: 'text',
        p: i % 5 === 0 ? 'bad' : i,
        y: String(i),
      }));
      const files = {
        csv: `y,p,t,x\n${lines.map(({ x, t, p, y }) => `${y},${p},${t},${x}`).join('\n')}\n`,
        ndjson: lines.map((line) => JSON.stringify(line)).join('\n'),
      };
      for (const [kind, text] of Object.entries(files) as ['csv' | 'ndjson', string][]) {
        await registerVersion(sampling.models, 'sampled', kind, undefined, columns);
        const source = { kind, stream: Readable.from([Buffer.from(text)]) };
        const { id } = await sampling.baselines.register('sampled', kind, source);
        expect(await sampling.baselines.estimator(id)).toEqual({ rows: 50_000 });
      }
      const [sample, other] = samples;
      expect(other).toEqual(sample);
      expect(sample?.columns.map(({ name }) => name)).toEqual(['x', 'p', 'y']);
      const [x, p, y] = sample?.columns.map(({ values }) => values) ?? [];
      const places = Array.from({ length: 50_000 }, (_, row) => Number(y?.[row]));
      const isAligned = (values: typeof x, step: number): boolean =>
        places.every((i, row) => Object.is(values?.[row], i % step === 0 ? NaN : i));
      expect([isAligned(x, 7), isAligned(p, 5)]).toEqual([true, true]);
      const sum = places.reduce((total, i) => total + i, 0);
      // The mean of 50,000 of 60,000 places, uniformly drawn, has a standard deviation of 32.
      expect(Math.abs(sum / 50_000 - 29_999.5)).toBeLessThan(4 * 32);
    }, 30_000);

    it('is not taken where there are no outcomes', async () => {
      const sampling = connectRooms(test.database, 0, () => Promise.resolve({ never: true }));
      await registerVersion(sampling.models, 'no-outcomes');
      const { id } = await sampling.baselines.register('no-outcomes', 'v1', {
        kind: 'rows',
        rows: evenRows(100),
      });
      expect(await sampling.baselines.estimator(id)).toBeNull();
    });
  });

  describe('deployments', () => {
    const deploy = (version: string, kind: 'full' | 'canary' = 'full', environment = 'production') =>
      rooms.deployments.register('live', deploymentSchema.parse({ version, kind, environment }));

    it('a full one ends the full one before it in its environment, and a version without traffic is retired', async () => {
      for (const version of ['v1', 'v2', 'v3']) await registerVersion(rooms.models, 'live', version);
      await deploy('v1');
      await deploy('v1', 'full', 'staging');
      await deploy('v2', 'canary');
      expect(await retiredVersions(test.database, 'live')).toEqual(new Set());
      rooms.clock.advance(1_000);
      await deploy('v2');
      const { items } = await rooms.deployments.list('live', { limit: 10 });
      expect(
        items
          .filter(({ endedAt }) => endedAt !== null)
          .map(({ version, kind, environment }) => [version, kind, environment]),
      ).toEqual([
        ['v2', 'canary', 'production'],
        ['v1', 'full', 'production'],
      ]);
      const staging = items.find(({ environment }) => environment === 'staging');
      await rooms.deployments.end(staging?.id ?? '');
      expect(await retiredVersions(test.database, 'live')).toEqual(new Set(['v1']));
    });

    it('exactly what is live already is not registered again', async () => {
      const { items } = await rooms.deployments.list('live', { limit: 1 });
      await expect(deploy(items[0]?.version ?? '')).rejects.toMatchObject({ code: 'already-exists' });
    });

    it('two at once leave one open', async () => {
      await Promise.all([deploy('v1'), deploy('v3'), deploy('v2')]);
      const { items } = await rooms.deployments.list('live', { limit: 20 });
      expect(
        items.filter(
          ({ endedAt, kind, environment }) =>
            endedAt === null && kind === 'full' && environment === 'production',
        ),
      ).toHaveLength(1);
    });
  });
});
