import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProcessGroup } from './process-group.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leeway-group-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function spec(name: string, script: string) {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, script);
  return { script: path, env: {}, logFile: join(folder, `${name}.log`), readyLine: /^ready$/ };
}

const STAYS = `console.log('ready'); setInterval(() => {}, 1000);`;

describe('a group of processes', () => {
  it('is ended as a whole, also one that never got ready', async () => {
    const group = new ProcessGroup();
    const first = await group.start(spec('first', STAYS));
    const second = group.start(spec('second', 'setInterval(() => {}, 1000);'));
    const refused = expect(second).rejects.toThrow('second');
    await group.stop();
    await refused;
    expect(first.isRunning).toBe(false);
  });

  it('tells at once when one of them dies', async () => {
    const group = new ProcessGroup();
    await group.start(
      spec('mortal', `${STAYS} setTimeout(() => { console.error('out of memory'); process.exit(1); }, 50);`),
    );
    await expect(group.untimelyDeath).rejects.toThrow(/mortal.* has ended.*out of memory/s);
    await group.stop();
  });
});
