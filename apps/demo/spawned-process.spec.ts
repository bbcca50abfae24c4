import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SpawnedProcess } from './spawned-process.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leeway-spawn-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function spec(name: string, script: string) {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, script);
  return {
    script: path,
    env: { NAME: name },
    logFile: join(folder, `${name}.log`),
    readyLine: /^ready (\S+)$/,
  };
}

describe('a spawned process', () => {
  it('is started once it says that it is ready, and ends when it is asked to', async () => {
    const process = await SpawnedProcess.start(
      spec(
        'polite',
        `console.log('ready ' + process.env.NAME); setInterval(() => {}, 1000); process.on('SIGTERM', () => { console.log('bye'); process.exit(0); });`,
      ),
    );
    expect((await process.line(/^ready (\S+)$/))[1]).toBe('polite');
    expect(process.isRunning).toBe(true);
    await process.stop();
    await process.stop();
    expect(process.isRunning).toBe(false);
    expect(readFileSync(join(folder, 'polite.log'), 'utf8')).toContain('ready polite');
  });

  it('brings the end of its log when it dies before it is ready', async () => {
    await expect(
      SpawnedProcess.start(spec('dying', `console.error('no such database'); process.exit(3);`)),
    ).rejects.toThrow('no such database');
  });

  it('is not waited for longer than it was given', async () => {
    const silent = { ...spec('silent', 'setInterval(() => {}, 1000);'), readyTimeoutMs: 200 };
    await expect(SpawnedProcess.start(silent)).rejects.toThrow('not ready after 0.2 s');
  });

  it('can be killed as a crash would', async () => {
    const process = await SpawnedProcess.start(
      spec(
        'stubborn',
        `console.log('ready x'); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`,
      ),
    );
    await process.kill();
    expect(process.isRunning).toBe(false);
  });
});
