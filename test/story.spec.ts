import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

/** The demo's own limit. */
const STORY_LIMIT_MS = 120_000;

/**
 * The whole story over HTTP with the separate processes, as a newcomer sees it. The demo checks every claim that it
 * prints and exits with 0 only if all of them hold; this test looks at both.
 */
describe('npm run demo -- --once', () => {
  it(
    'tells the whole story, and every claim in it holds',
    async () => {
      const demo = spawn(
        process.execPath,
        [
          '--enable-source-maps',
          fileURLToPath(new URL('../dist/apps/demo/main.js', import.meta.url)),
          '--once',
        ],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      let output = '';
      demo.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
      demo.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const [code] = (await once(demo, 'exit')) as [number | null];
      // The output is what a reader of a failure needs.
      expect([code, code === 0 ? '' : output]).toEqual([0, '']);
      for (const part of [
        '508,239',
        '502,222',
        'fix pipeline',
        'roll back',
        'superseded',
        'succeeded',
        'rejected',
      ])
        expect(output).toContain(part);
    },
    STORY_LIMIT_MS + 30_000,
  );
});
