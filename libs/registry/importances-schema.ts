import { z } from 'zod';

/** Weights of features in the verdict of a model, on any scale: SHAP means, gains, permutation losses. */
export const importancesSchema = z
  .record(z.string(), z.number().min(0).max(1e300))
  .refine((weights) => Object.values(weights).some((weight) => weight > 0), 'at least one must be above 0')
  .describe(
    'Weights of features in the verdict of the model, on one scale; a feature that is not named keeps that of the schema, or 1',
  );
export type Importances = z.infer<typeof importancesSchema>;
