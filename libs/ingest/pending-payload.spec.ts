import { describe, expect, it } from '@jest/globals';
import type { ColumnBatch } from '#payloads';
import { bytesOf, type PendingPayload } from './pending-payload.js';

const pending = (texts: readonly (string | null)[]): PendingPayload => {
  const batch: ColumnBatch = {
    rowCount: texts.length,
    inferenceIds: texts.map((_, row) => `p-${row}`),
    timestamps: new Float64Array(texts.length),
    columns: [
      { name: 'n', values: { kind: 'numeric', values: new Float64Array(texts.length), invalidCount: 0 } },
      { name: 't', values: { kind: 'text', values: texts, invalidCount: 0 } },
    ],
  };
  return { batch } as PendingPayload;
};

const BASE = bytesOf(pending([]));

describe('what a payload holds until its commit', () => {
  it('is a cell in each column, a time and an id for each row', () => {
    // Two columns, a time, a reference to the id: 8 bytes each. Three ids of 3 characters, two texts of one.
    expect(bytesOf(pending(['a', null, 'b'])) - BASE).toBe(3 * 4 * 8 + 3 * (24 + 6) + 2 * (24 + 2));
  });

  it('is mostly its texts where they are long', () => {
    expect(bytesOf(pending(new Array(160).fill('x'.repeat(100_000)))) / (160 * 200_000)).toBeCloseTo(1, 2);
  });

  it('is never nothing', () => {
    expect(BASE).toBeGreaterThan(0);
  });
});
