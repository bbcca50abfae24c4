import { z } from 'zod';
import { LeewayError } from '#platform';
import type { Version } from './models.js';
import type { ColumnSpec } from './schemas.js';

/** Weights of features in the verdict of a model, on any scale: SHAP means, gains, permutation losses. */
export const importancesSchema = z
  .record(z.string(), z.number().min(0).max(1e300))
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), 'at least one must be above 0')
  .describe(
    'Weights of features in the verdict of the model, on one scale; a feature that is not named keeps that of the schema, or 1',
  );
export type Importances = z.infer<typeof importancesSchema>;

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
