import type { PayloadColumn } from './column-batch.js';
import type { DecodedRows, DecodingContext } from './decoding.js';

/** When the payloads of the tests arrive. */
export const AT = Date.UTC(2026, 10, 23, 4);

export const COLUMNS: readonly PayloadColumn[] = [
  { name: 'distance', type: 'numeric', side: 'request' },
  { name: 'origin', type: 'categorical', side: 'request' },
  { name: 'risk', type: 'numeric', side: 'response' },
  { name: 'late', type: 'boolean', side: 'neither' },
  { name: 'note', type: 'text', side: 'neither' },
];

export function contextOf(changes: Partial<DecodingContext> = {}): DecodingContext {
  return {
    columns: COLUMNS,
    part: null,
    inferenceIdOf: (row) => `p-${row}`,
    receivedAt: AT,
    eventAt: AT,
    maxFutureMs: 300_000,
    maxAgeMs: 86_400_000,
    maxRows: 1_000,
    ...changes,
  };
}

/** The cells of each column, by row, as plain arrays. */
export function cellsOf({ batch }: DecodedRows): Record<string, (number | string | null)[]> {
  return Object.fromEntries(batch.columns.map(({ name, values }) => [name, [...values.values]]));
}

/** The refusals as [row, reason, column]. */
export function refusalsOf({ rejections }: DecodedRows): [number, string, string | null][] {
  return rejections.listed.map(({ row, reason, column }) => [row, reason, column]);
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A V2 body with its tensors behind the JSON: the bytes, and how many of them are the JSON. */
export function v2Binary(
  name: 'inputs' | 'outputs',
  tensors: readonly { name: string; datatype: string; shape: readonly number[]; bytes: Uint8Array }[],
): { bytes: Uint8Array; jsonLength: number } {
  const head = utf8(
    JSON.stringify({
      [name]: tensors.map(({ bytes, ...tensor }) => ({
        ...tensor,
        parameters: { binary_data_size: bytes.length },
      })),
    }),
  );
  const parts = [head, ...tensors.map(({ bytes }) => bytes)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return { bytes, jsonLength: head.length };
}

/** Texts as the values of a BYTES tensor. */
export function bytesTensor(texts: readonly string[]): Uint8Array {
  const encoded = texts.map(utf8);
  const bytes = new Uint8Array(encoded.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const text of encoded) {
    view.setUint32(offset, text.length, true);
    bytes.set(text, offset + 4);
    offset += 4 + text.length;
  }
  return bytes;
}
