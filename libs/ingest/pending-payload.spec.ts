import { describe, expect, it } from '@jest/globals';
import type { ColumnBatch } from '#payloads';
import { cellCountOf, type CommitUnit, type PendingPayload } from './pending-payload.js';

const pending = (texts: readonly (string | null)[]): CommitUnit => {
  const batch: ColumnBatch = {
    rowCount: texts.length,
    inferenceIds: texts.map((_, row) => `p-${row}`),
    timestamps: new Float64Array(texts.length),
    columns: [
      { name: 'n', values: { kind: 'numeric', values: new Float64Array(texts.length), invalidCount: 0 } },
      { name: 't', values: { kind: 'text', values: texts, invalidCount: 0 } },
    ],
  };
  return { payloads: [{ batch } as PendingPayload], progress: null };
};

describe('what a payload holds until its commit', () => {
  it('is its cells, its ids and its times where texts are short', () => {
    expect(cellCountOf(pending(['a', null, 'b']))).toBe(3 * 4 + 1);
    expect(cellCountOf(pending([]))).toBe(1);
  });

  it('is mostly its texts where they are long: 160 of 100,000 characters are 2 million cells', () => {
    expect(cellCountOf(pending(new Array(160).fill('x'.repeat(100_000))))).toBe(160 * 4 + 1 + 2_000_000);
  });
});
