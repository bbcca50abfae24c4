import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PROJECT_ROOT } from '../apps/demo/project-root.js';
import { ChurnLeeway, KEY } from './examples/churn-leeway.js';
import { describeWithPython } from './real-servers.js';

const ROWS = 30_000;
const PART_ROWS = 2_500;
const PARTS = ROWS / PART_ROWS;
const run = promisify(execFile);

describeWithPython('the batch example', (python) => {
  let leeway: ChurnLeeway;
  let folder: string;
  let input: string;
  const script = join(PROJECT_ROOT, 'examples/batch/score_batch.py');
  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    LEEWAY_URL: leeway.url,
    LEEWAY_KEY: KEY,
    PYTHONDONTWRITEBYTECODE: '1',
  });
  const words = (job: string, more: readonly string[] = []): string[] => [
    ...[script, input, '--output', join(folder, job), '--model', 'churn', '--version', 'v1'],
    ...['--id-column', 'customer', '--part-rows', String(PART_ROWS), ...more],
  ];
  /** Runs the job to its end; the totals that it prints. */
  async function finish(job: string, more: readonly string[] = []): Promise<Record<string, number>> {
    const { stdout } = await run(python, words(job, more), { env: env(), timeout: 90_000 });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
  }

  beforeAll(async () => {
    leeway = await ChurnLeeway.start();
    await leeway.register();
    folder = mkdtempSync(join(tmpdir(), 'leeway-batch-'));
    input = join(folder, 'customers.parquet');
    // Row groups that fit the parts nowhere.
    const make = `
import numpy as np, pandas as pd
n = np.arange(${ROWS})
frame = pd.DataFrame({"customer": n, "age": 20.0 + n % 60, "country": np.where(n % 3 == 0, "DE", "FR"), "churned": pd.array(n % 5 == 0, dtype="boolean")})
frame.loc[n % 50 == 9, "churned"] = pd.NA
frame.loc[n % 100 == 7, "age"] = np.nan
frame.to_parquet(${JSON.stringify(input)}, row_group_size=1_777, index=False)`;
    await run(python, ['-c', make]);
  }, 120_000);
  afterAll(async () => {
    await leeway.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('counts each row once, however often the job and Leeway are killed', async () => {
    let kills = 0;
    for (let isDone = false; !isDone;) {
      const job = spawn(python, words('killed'), { env: env(), stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = once(job, 'exit');
      let parts = 0;
      job.stdout.on('data', (text: Buffer) => {
        parts += text.toString().split('part ').length - 1;
        // At another place in each run, and soon after an answer: often in the middle of the next part.
        if (kills < 4 && parts >= 2 + 2 * kills) setTimeout(() => job.kill('SIGKILL'), 10 * kills);
      });
      if (kills === 2) {
        await sleep(1_500);
        await leeway.turn('down');
        await sleep(500);
        await leeway.turn('up');
      }
      const [code] = (await exited) as [number | null];
      isDone = code === 0;
      if (!isDone) kills += 1;
      expect(kills).toBeLessThan(10);
    }
    expect(kills).toBeGreaterThan(0);
    expect(await leeway.counts()).toEqual({ rowCount: ROWS, rejectedCount: 0 });
    const names = readdirSync(join(folder, 'killed'));
    expect(names.filter((name) => name.endsWith('.parquet'))).toHaveLength(PARTS);

    // As if each run had died between Leeway's answer and writing it down.
    for (const name of names) if (name.endsWith('.scores.json')) rmSync(join(folder, 'killed', name));
    expect(await finish('killed')).toMatchObject({ parts: PARTS, rows: ROWS, accepted: ROWS, rejected: 0 });
    expect(await leeway.counts()).toEqual({ rowCount: ROWS, rejectedCount: 0 });
    // A third run has nothing to do.
    expect(await finish('killed')).toMatchObject({ parts: PARTS, accepted: ROWS });
    expect(await leeway.counts()).toEqual({ rowCount: ROWS, rejectedCount: 0 });
  }, 240_000);

  it('does not send a part again whose key may be forgotten, before it is told to', async () => {
    const path = join(folder, 'killed');
    rmSync(join(path, 'part-000003.scores.json'));
    writeFileSync(join(path, 'part-000003.sending.json'), JSON.stringify({ at: Date.now() / 1_000 - 7_200 }));
    await expect(finish('killed')).rejects.toThrow(
      /part 3 was sent 120 minutes ago and not answered[\s\S]*--unanswered send or skip/,
    );
    expect(await finish('killed', ['--unanswered', 'skip'])).toMatchObject({
      accepted: ROWS - PART_ROWS,
      skipped: PART_ROWS,
    });
    expect(await leeway.counts()).toEqual({ rowCount: ROWS, rejectedCount: 0 });
  }, 120_000);

  it('sends ground truth of what is known, by the same inference ids', async () => {
    const before = (await leeway.counts()).rowCount;
    const totals = await finish('truth', ['--truth-column', 'churned']);
    expect(totals).toMatchObject({
      accepted: ROWS,
      rejected: 0,
      truths: ROWS - ROWS / 50,
      rejectedTruths: 0,
    });
    expect((await leeway.counts()).rowCount - before).toBe(ROWS);
    const receipt = JSON.parse(readFileSync(join(folder, 'truth/part-000000.truth.json'), 'utf8')) as object;
    expect(receipt).toMatchObject({ receivedCount: 2_450, storedCount: 2_450, notCapturedCount: 0 });
    // As if it had died before that was written down.
    rmSync(join(folder, 'truth/part-000000.truth.json'));
    expect(await finish('truth', ['--truth-column', 'churned'])).toEqual(totals);
    expect(JSON.parse(readFileSync(join(folder, 'truth/part-000000.truth.json'), 'utf8'))).toMatchObject({
      receivedCount: 2_450,
      storedCount: 0,
    });
  }, 120_000);

  it('says what is wrong', async () => {
    await expect(finish('killed', ['--part-rows', '100'])).rejects.toThrow(/another partRows/);
    await expect(finish('other', ['--version', 'v9'])).rejects.toThrow(/Leeway refused .*HTTP 404/);
    await expect(finish('other-id', ['--id-column', 'country'])).rejects.toThrow(/country must .* differ/);
    expect(JSON.parse(readFileSync(join(folder, 'killed/job.json'), 'utf8'))).toMatchObject({
      partRows: PART_ROWS,
    });
  }, 120_000);
});
