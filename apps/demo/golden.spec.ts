import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { JANUARY_AGAINST_JUNE } from './golden.js';
import { PROJECT_ROOT } from './project-root.js';

interface GoldenCase {
  readonly name: string;
  readonly column: string;
  readonly psiSmoothed: number;
  readonly ksStatistic?: number;
}

it('the golden values of the demo are those of the file', () => {
  const text = readFileSync(join(PROJECT_ROOT, 'test', 'golden', 'flights.json'), 'utf8');
  const { cases } = JSON.parse(text) as { cases: GoldenCase[] };
  const january = cases.filter(({ name }) => name.endsWith('January against June'));
  expect(JANUARY_AGAINST_JUNE).toEqual(
    january.map(({ column, psiSmoothed, ksStatistic }) => ({
      column,
      psi: psiSmoothed,
      ks: ksStatistic ?? null,
    })),
  );
});
