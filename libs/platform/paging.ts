import { z } from 'zod';
import { LeewayError } from './errors.js';

/** One page of a list, oldest or newest first as the list says. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it back as `cursor` for the next page; null on the last one. */
  readonly nextCursor: string | null;
}

export const MAX_PAGE_SIZE = 1_000;

/** The query of every list endpoint. */
export const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(50),
  cursor: z.string().max(200).optional(),
});

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Cuts `limit + 1` fetched rows into a page; `keyOf` gives the sort key that the next page continues after. */
export function toPage<Row, T>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => string,
  toItem: (row: Row) => T,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null,
  };
}

export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/**
 * The sort key inside a cursor, or null without one.
 *
 * @throws LeewayError `invalid-cursor` when the text did not come from a list or does not match `shape`
 */
export function decodeCursor(cursor: string | undefined, shape: RegExp = /^\d{1,19}$/): string | null {
  if (cursor === undefined) return null;
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!shape.test(key)) {
    throw new LeewayError(
      'invalid-cursor',
      'the cursor is not one that this list returned; start again without it',
    );
  }
  return key;
}
