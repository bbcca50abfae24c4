import type { ColumnSpec, Version } from '#registry';
import type { NamedColumn } from '#stats';
import { capturedColumns } from './performance-plan.js';

/** A column that the loss of a regression is estimated from. */
export type FeatureColumn = Pick<ColumnSpec, 'name'> & { readonly type: 'numeric' | 'categorical' };

/** The features of a version that are captured whole: texts are not. Booleans are categories. */
export function estimationFeatures(version: Version): FeatureColumn[] {
  return capturedColumns(version)
    .filter(({ role, type }) => role === 'feature' && type !== 'text')
    .map(({ name, type }) => ({ name, type: type === 'numeric' ? 'numeric' : 'categorical' }));
}

/** Rows of values by column; what is not of the column's type is missing. */
export function featureColumns(
  features: readonly FeatureColumn[],
  rows: readonly Readonly<Record<string, unknown>>[],
): NamedColumn[] {
  return features.map(({ name, type }) => ({
    name,
    values:
      type === 'numeric'
        ? { kind: type, invalidCount: 0, values: Float64Array.from(rows, (row) => numberOf(row[name])) }
        : { kind: type, invalidCount: 0, values: rows.map((row) => textOf(row[name])) },
  }));
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : NaN;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
