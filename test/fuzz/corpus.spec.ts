import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { findingOf, type FuzzCase } from './stats-case.js';

/** Cases of every run; the fuzz run itself makes many thousands. */
const CASES = 150;
const corpus = JSON.parse(readFileSync('test/fuzz/corpus.json', 'utf8')) as FuzzCase[];

describe('fuzzing the statistics', () => {
  it('finds nothing in what it found before', () => {
    expect(corpus.map(findingOf).filter((finding) => finding !== null)).toEqual([]);
  });
  it(`finds nothing in ${CASES} other cases`, () => {
    const findings = Array.from({ length: CASES }, (_, sequence) => findingOf({ seed: 1, sequence }));
    expect(findings.filter((finding) => finding !== null)).toEqual([]);
  });
});
