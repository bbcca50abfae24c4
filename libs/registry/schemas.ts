import { z } from 'zod';
import { COLUMN_TYPES } from '#payloads';
import { instantSchema, nameSchema, positiveDurationSchema } from '#platform';
import { importancesSchema } from './importances-schema.js';
import { profileSchema } from './profile-schema.js';

export const COLUMN_ROLES = ['feature', 'prediction', 'score', 'groundTruth', 'segment'] as const;
export type ColumnRole = (typeof COLUMN_ROLES)[number];

export const columnSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^\0]*$/, 'must not contain NUL')
    .refine((name) => name !== '__proto__', 'cannot be a column: JSON parsers drop it'),
  role: z.enum(COLUMN_ROLES),
  type: z
    .enum(COLUMN_TYPES)
    .describe('Text is watched by its length, blank values and new words; embeddings are not supported yet'),
  class: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Of a score: the class whose probability it is; of a single score, the positive class'),
  importance: z
    .number()
    .positive()
    .optional()
    .describe('Weight of a feature in the verdict of the model; the importances of a baseline go before it'),
});
export type ColumnSpec = z.infer<typeof columnSchema>;

/** Most columns that make segments together; each more multiplies their number. */
const MAX_SEGMENT_COLUMNS = 3;
/** Most columns of one version: bounds a window's size (a few kB per column). */
const MAX_COLUMNS = 1_000;

export const versionSchema = z.strictObject({
  name: nameSchema,
  description: z.string().max(2_000).optional(),
  columns: z
    .array(columnSchema)
    .min(1)
    .max(MAX_COLUMNS)
    .superRefine((columns, context) => {
      const seen = new Set<string>();
      columns.forEach(({ name }, index) => {
        if (seen.has(name))
          context.addIssue({
            code: 'custom',
            path: [index, 'name'],
            message: `the column ${JSON.stringify(name)} stands twice`,
          });
        seen.add(name);
      });
      columns.forEach(({ role, type }, index) => {
        if (role === 'segment' && type === 'text')
          context.addIssue({
            code: 'custom',
            path: [index, 'type'],
            message: 'a segment is a category: texts differ from row to row',
          });
      });
      const classes = new Set<string>();
      columns.forEach(({ role, class: scored }, index) => {
        if (scored === undefined) return;
        const problem =
          role !== 'score'
            ? 'only a score is of a class'
            : classes.has(scored)
              ? `two scores are of the class ${JSON.stringify(scored)}`
              : null;
        if (problem !== null) context.addIssue({ code: 'custom', path: [index, 'class'], message: problem });
        classes.add(scored);
      });
      if (columns.filter(({ role }) => role === 'segment').length > MAX_SEGMENT_COLUMNS) {
        context.addIssue({
          code: 'custom',
          message: `at most ${MAX_SEGMENT_COLUMNS} columns can make the segments`,
        });
      }
    }),
});
export type VersionSpec = z.infer<typeof versionSchema>;

export const captureSchema = z.strictObject({
  fraction: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Share of inferences whose whole row is kept, chosen by a hash of the inference id'),
  maxRowsPerWindow: z.number().int().min(0).max(100_000).default(1_000),
  redactedColumns: z.array(z.string()).default([]).describe('Columns that are counted but never captured'),
});

export const samplingSchema = z.strictObject({
  fraction: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe(
      'Share of inferences that is counted, chosen by a hash of the inference id: the same on every node',
    ),
  maxRowsPerSecond: z
    .number()
    .positive()
    .optional()
    .describe('Above this rate an ingest node counts a half, a quarter, … of the rows instead'),
});
export type SamplingSpec = z.infer<typeof samplingSchema>;

export const performanceSchema = z.strictObject({
  window: positiveDurationSchema
    .optional()
    .describe('Over how long performance is computed, rounded up to whole windows; an hour without it'),
  positiveClass: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe(
      'Of two classes, the one that precision, recall and a single score are about; `true` or `1` without it',
    ),
  minLabelledRows: z
    .number()
    .int()
    .min(1)
    .default(100)
    .describe('Rows with ground truth from which on a window is judged'),
  minLabelledShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe(
      'Share of the captured predictions of a window that must have ground truth for it to be judged',
    ),
  deadline: positiveDurationSchema
    .default('7d')
    .describe('How long after its end a window is judged with the ground truth that has come'),
});
export type PerformanceSpec = z.infer<typeof performanceSchema>;

export const modelSchema = z.strictObject({
  name: nameSchema,
  description: z.string().max(2_000).optional(),
  task: z.enum(['classification', 'regression', 'other']).default('other'),
  grain: positiveDurationSchema.default('5m').describe('Length of a window; it cannot change later'),
  sampling: samplingSchema.default({ fraction: 1 }),
  capture: captureSchema.default({ fraction: 0.1, maxRowsPerWindow: 1_000, redactedColumns: [] }),
  performance: performanceSchema.default({ minLabelledRows: 100, minLabelledShare: 0.5, deadline: '7d' }),
  baselineFromFirst: z
    .strictObject({
      span: positiveDurationSchema
        .default('7d')
        .describe('How much of production, from its first captured row on'),
      minRows: z.number().int().min(1).default(1_000).describe('Captured rows that it takes at least'),
    })
    .optional()
    .describe('Makes the first baseline of a version that has none from the rows that were captured of it'),
});
export type ModelSpec = z.infer<typeof modelSchema>;

export const DEPLOYMENT_KINDS = ['full', 'canary', 'shadow', 'blue-green'] as const;
export type DeploymentKind = (typeof DEPLOYMENT_KINDS)[number];

/** Where a deployment was learnt of. */
export const DEPLOYMENT_ORIGINS = ['api', 'argo-rollouts', 'flagger', 'noticed'] as const;
export type DeploymentOrigin = (typeof DEPLOYMENT_ORIGINS)[number];

export const deploymentShareSchema = z.strictObject({
  trafficShare: z.number().min(0).max(1),
});

export const deploymentSchema = z.strictObject({
  version: nameSchema,
  environment: z.string().min(1).max(100).default('production'),
  kind: z
    .enum(DEPLOYMENT_KINDS)
    .default('full')
    .describe('blue-green: a preview with the share 0, which takes over with the share 1'),
  trafficShare: z.number().min(0).max(1).default(1),
  revision: z.string().max(200).optional().describe('What was deployed: an image tag or a commit'),
  description: z.string().max(2_000).optional(),
  startedAt: instantSchema.optional(),
});
export type DeploymentSpec = z.infer<typeof deploymentSchema>;

/** Where a baseline comes from that is sent as JSON: one of these. */
const SOURCES = ['rows', 'capturedRows', 'profile', 'inherit'] as const;

export const baselineBodySchema = z
  .strictObject({
    rows: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .describe('Rows of training data, by column name'),
    capturedRows: z
      .strictObject({
        version: nameSchema.optional().describe('Whose rows; by default those of the version itself'),
        from: instantSchema,
        to: instantSchema,
      })
      .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
        path: ['to'],
        message: 'must be after `from`',
      })
      .optional()
      .describe('The rows that were captured of windows that start in the range'),
    profile: profileSchema.optional(),
    inherit: z
      .union([
        z.strictObject({ version: nameSchema.describe('The baseline that counts there') }),
        z.strictObject({ baselineId: z.string().regex(/^\d{1,18}$/) }),
      ])
      .optional()
      .describe('The baseline of another version of the model, whose columns must be the same'),
    importances: importancesSchema.optional(),
  })
  .refine((body) => SOURCES.filter((source) => body[source] !== undefined).length === 1, {
    message: `must have exactly one of ${SOURCES.join(', ')}`,
  });
export type BaselineBody = z.infer<typeof baselineBodySchema>;
