import { z } from 'zod';
import { anchored } from '../lines/matchers.js';
import { PRESET_NAMES, PRESETS } from './presets.js';

export const labelNameSchema = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be a Prometheus label name');
export const metricNameSchema = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'must be a Prometheus metric name');
export const signalNameSchema = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/, 'must be letters, digits, underscores or colons');
export const promqlSchema = z
  .string()
  .trim()
  .min(1)
  .max(10_000)
  .describe('PromQL that gives an instant vector or a scalar');
export const unitSchema = z
  .string()
  .min(1)
  .max(50)
  .describe('Base unit of the value, for example seconds or ratio');
export const quantilesSchema = z.array(z.number().gt(0).lt(1)).min(1).max(10).default([0.5, 0.95, 0.99]);

const patternSchema = z.string().max(1_000).refine(isPattern, 'must be a regular expression');
export const labelMatchSchema = z.union([
  z.string(),
  z.strictObject({ not: z.string() }),
  z.strictObject({ matches: patternSchema }),
  z.strictObject({ notMatches: patternSchema }),
]);
export const matchersSchema = z
  .record(labelNameSchema, labelMatchSchema)
  .describe(
    'Labels that a series must carry: a value, or { not }, { matches } or { notMatches } with a regular expression over the whole value',
  );

/** The use of a preset: the names that differ here, and the lines that are left out or replaced. */
export const presetUseSchema = z
  .strictObject({
    preset: z.enum(PRESET_NAMES),
    parameters: z.record(z.string(), z.string().min(1).max(500)).default({}),
    select: matchersSchema.default({}).describe('Conditions on every series, besides those of the preset'),
    metrics: z
      .record(z.string(), z.union([metricNameSchema, z.array(metricNameSchema).min(1).max(5)]))
      .default({})
      .describe("Other names of the preset's metrics, by their keys"),
    versionLabel: labelNameSchema
      .nullable()
      .optional()
      .describe('The label that tells the version; null for none'),
    quantiles: quantilesSchema,
    lines: z
      .record(signalNameSchema, z.strictObject({ query: promqlSchema, unit: unitSchema }).nullable())
      .default({})
      .describe('Signals of the preset: null leaves one out, a query replaces it'),
  })
  .superRefine((use, context) => {
    const preset = PRESETS[use.preset];
    const check = (field: 'parameters' | 'metrics', known: readonly string[]): void => {
      for (const name of Object.keys(use[field]))
        if (!known.includes(name))
          context.addIssue({
            code: 'custom',
            path: [field, name],
            message: `the preset ${use.preset} has no such name; it has ${known.join(', ')}`,
          });
    };
    check('parameters', Object.keys(preset.parameters));
    check('metrics', Object.keys(preset.metrics));
  });
export type PresetUse = z.infer<typeof presetUseSchema>;

/**
 * What a use lacks when it is read from a Prometheus, where the series of all services are; null when it is whole.
 */
export function missingParameter({ preset, parameters, select }: PresetUse): string | null {
  const { neededParameter } = PRESETS[preset];
  if (neededParameter === null || parameters[neededParameter] !== undefined || Object.keys(select).length > 0)
    return null;
  return `the preset ${preset} needs parameters.${neededParameter} or select here: the series of every service would be added up`;
}

function isPattern(pattern: string): boolean {
  try {
    anchored(pattern);
    return true;
  } catch {
    return false;
  }
}
