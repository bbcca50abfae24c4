import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTemporaryFolder, sweepTemporaryFolders } from './temporary-folder.js';

const MODULE = join(process.cwd(), 'dist/libs/platform/temporary-folder.js');

describe('temporary folders', () => {
  let place: string;
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'leeway-test-'));
  });
  afterAll(() => rmSync(place, { recursive: true }));

  /** Another process that has a temporary folder, and waits. */
  async function otherProcess() {
    const code = `const { createTemporaryFolder } = await import(${JSON.stringify(MODULE)});
      console.log(await createTemporaryFolder('parquet')); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      env: { ...process.env, TMPDIR: place },
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, folder: line.toString().trim() };
  }

  it('of a process that was killed are swept; those of living ones stay', async () => {
    const [killed, living] = [await otherProcess(), await otherProcess()];
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    expect(existsSync(killed.folder)).toBe(true);
    expect(await sweepTemporaryFolders(place)).toBe(1);
    expect([killed.folder, living.folder].map((folder) => existsSync(folder))).toEqual([false, true]);
    living.child.kill('SIGKILL');
    await once(living.child, 'exit');
    expect(await sweepTemporaryFolders(place)).toBe(1);
    expect(existsSync(living.folder)).toBe(false);
  }, 30_000);

  it('that cannot be read are no reason not to start', async () => {
    expect(await sweepTemporaryFolders(join(place, 'nowhere'))).toBe(0);
  });

  it('can be made again after the system cleaned them by age', async () => {
    rmSync(dirname(await createTemporaryFolder('parquet')), { recursive: true });
    const again = await createTemporaryFolder('export');
    expect(existsSync(again)).toBe(true);
    rmSync(again, { recursive: true });
  });
});
