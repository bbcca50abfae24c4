import { LeewayError } from '#platform';
import type { Importances } from './importances-schema.js';
import type { Version } from './models.js';
import type { ColumnSpec } from './schemas.js';

/** @throws LeewayError `column-unknown` that names every column which is no feature of the version */
export function checkImportances(
  { name, columns }: Pick<Version, 'name' | 'columns'>,
  importances: Importances | undefined,
): void {
  const features = new Set(columns.filter(({ role }) => role === 'feature').map((column) => column.name));
  const unknown = Object.keys(importances ?? {}).filter((column) => !features.has(column));
  if (unknown.length === 0) return;
  throw new LeewayError(
    'column-unknown',
    `version ${JSON.stringify(name)} has no feature ${unknown.map((column) => JSON.stringify(column)).join(', ')}; only features have an importance`,
    {
      places: unknown.map((column) => ({
        pointer: `/importances/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        detail: 'is no feature of the version',
      })),
    },
  );
}

/** The weight of a column in the verdict: that of the baseline, else that of the schema, else none, which counts as 1. */
export function importanceOf(
  { name, importance }: ColumnSpec,
  importances: Importances | null,
): number | undefined {
  return importances !== null && Object.hasOwn(importances, name) ? importances[name] : importance;
}
