import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PROJECT_ROOT } from '../apps/demo/project-root.js';
import { describeWithServer } from './real-servers.js';
import { startTestServer, type TestServer } from './test-server.js';

const run = promisify(execFile);

describeWithServer('curl', 'the curl example', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  }, 60_000);
  afterAll(() => server.close());

  /** The answers of each step, by its heading. */
  async function walk(key: string): Promise<ReadonlyMap<string, Record<string, unknown>[]>> {
    const { stdout } = await run('sh', [join(PROJECT_ROOT, 'examples/curl/walk-through.sh')], {
      env: { ...process.env, LEEWAY: server.url, LEEWAY_KEY: key, NO_PROXY: '127.0.0.1' },
    });
    const steps = stdout.split(/^== /m).slice(1);
    return new Map(
      steps.map((step) => {
        const [heading = '', ...lines] = step.trim().split('\n');
        return [heading, lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))];
      }),
    );
  }
  const key = (): string => server.authorization.replace('Bearer ', '');

  it.each([
    ['the first time', 3_001],
    ['again', 6_002],
  ])(
    'goes from nothing to a drift verdict (%s)',
    async (_, rowCount) => {
      const steps = await walk(key());
      expect([...steps.keys()]).toEqual([
        'register the model',
        'register a version with its schema',
        'register the baseline: the training data',
        'send what is served, many rows at a time',
        'a row that cannot be counted is named; the others are counted',
        'how far has it drifted?',
      ]);
      const receipts = steps.get('send what is served, many rows at a time') ?? [];
      expect(receipts.map(({ status, acceptedCount }) => [status, acceptedCount])).toEqual(
        [1, 2, 3].flatMap(() => [
          ['accepted', 1_000],
          ['duplicate', 1_000],
        ]),
      );
      const [mixed] = steps.get('a row that cannot be counted is named; the others are counted') ?? [];
      expect(mixed).toMatchObject({ acceptedCount: 1, rejections: [{ row: 1, reason: 'wrong-type' }] });
      const [result] = steps.get('how far has it drifted?') ?? [];
      expect(result).toMatchObject({ verdict: 'drifted', rowCount });
      expect(result?.['columns']).toContainEqual(
        expect.objectContaining({ column: 'age', verdict: 'drifted' }),
      );
    },
    60_000,
  );

  it("fails with Leeway's own words", async () => {
    await expect(walk('lw_wrong')).rejects.toMatchObject({
      stdout: expect.stringContaining('unauthenticated'),
    });
  }, 60_000);
});
