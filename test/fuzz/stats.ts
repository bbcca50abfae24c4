/**
 * Feeds `libs/stats` whatever can be thought of, for ten minutes or `FUZZ_SECONDS`, from the seed `FUZZ_SEED` or a new one.
 *
 * A finding is an error that is no RangeError, a number that is NaN, or a law that does not hold. It is printed with the seed
 * and the place in its sequence, appended to `test/fuzz/corpus.json`, and makes the exit code 1; `corpus.spec.ts` replays it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { findingOf, type FuzzCase } from './stats-case.js';

const CORPUS = 'test/fuzz/corpus.json';
const DEFAULT_SECONDS = 600;

const seconds = Number(process.env['FUZZ_SECONDS'] ?? DEFAULT_SECONDS);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const end = Date.now() + 1000 * seconds;
let cases = 0;
const findings: (FuzzCase & { readonly finding: string })[] = [];
while (Date.now() < end && findings.length < 10) {
  const one: FuzzCase = { seed, sequence: cases++ };
  const finding = findingOf(one);
  if (finding === null) continue;
  console.log(`${JSON.stringify(one)}: ${finding}`);
  findings.push({ ...one, finding });
}
if (findings.length > 0) {
  const known = JSON.parse(readFileSync(CORPUS, 'utf8')) as object[];
  writeFileSync(CORPUS, `${JSON.stringify([...known, ...findings], null, 2)}\n`);
}
console.log(JSON.stringify({ fuzz: 'stats', seed, seconds, cases, findings: findings.length }));
process.exit(findings.length === 0 ? 0 : 1);
