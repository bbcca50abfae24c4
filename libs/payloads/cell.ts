import type { ColumnType } from './column-batch.js';
import type { Cell } from './column-builder.js';

/**
 * Longest category that is kept, in UTF-16 units. A longer one is refused as a wrong type: its column is one of text, and
 * documents must not become a dictionary.
 */
export const MAX_CATEGORY_LENGTH = 1_000;

/** Longest text that is taken, in UTF-16 units; a longer one is refused as a wrong type. */
export const MAX_TEXT_LENGTH = 100_000;

/**
 * A JSON value as a column of this type reads it.
 *
 * null stays null (a missing value). Numeric columns take finite numbers only: the text "12" is a wrong type, since a
 * client that quotes its numbers has changed. Categorical columns take strings, and numbers and booleans by their JSON
 * text; text columns take strings. Strings that PostgreSQL cannot store (NUL, lone surrogates) are refused. Returns undefined for a wrong type.
 */
export function cellOf(value: unknown, type: ColumnType): Cell {
  if (value === null) return null;
  switch (type) {
    case 'numeric':
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'categorical':
      return categoryOf(value);
    case 'text':
      return typeof value === 'string' ? stringUpTo(value, MAX_TEXT_LENGTH) : undefined;
  }
}

/**
 * A text field (of CSV) as a column of this type reads it: empty is a missing value; numbers in JavaScript's decimal
 * notation; `true` and `false` in any case. Returns undefined for a wrong type.
 */
export function cellOfText(text: string, type: ColumnType): Cell {
  if (text === '') return null;
  switch (type) {
    case 'numeric': {
      const value = Number(text);
      return Number.isFinite(value) && !NOT_DECIMAL.test(text) ? value : undefined;
    }
    case 'boolean': {
      const lower = text.toLowerCase();
      return lower === 'true' || lower === 'false' ? lower : undefined;
    }
    case 'categorical':
      return categoryOf(text);
    case 'text':
      return stringUpTo(text, MAX_TEXT_LENGTH);
  }
}

/** What JavaScript takes for a number and nobody writes for one: nothing but spaces, and `0x10`, `0b11`, `0o7`. */
const NOT_DECIMAL = /^\s*(0[box].*)?$/i;

function categoryOf(value: unknown): Cell {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? stringUpTo(value, MAX_CATEGORY_LENGTH) : undefined;
}

function stringUpTo(text: string, maxLength: number): string | undefined {
  return text.length <= maxLength && isStorableText(text) ? text : undefined;
}

/** Whether PostgreSQL can store the text: no NUL and no half of a surrogate pair. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
