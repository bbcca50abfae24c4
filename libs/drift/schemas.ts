import { z } from 'zod';
import { instantSchema, nameSchema, positiveDurationSchema } from '#platform';
import { REFERENCES } from '#stats';

export const thresholdsSchema = z
  .strictObject({
    psiWarningNats: z.number().positive(),
    psiDriftedNats: z.number().positive(),
    ksWarning: z.number().positive().max(1),
    ksDrifted: z.number().positive().max(1),
    tailWarning: z.number().positive().max(1).describe("Change of the share of a baseline's outer twentieth"),
    tailDrifted: z.number().positive().max(1),
    lInfinityWarning: z.number().positive().max(1).describe('Change of the share of one category'),
    lInfinityDrifted: z.number().positive().max(1),
    qualityWarning: z
      .number()
      .positive()
      .max(1)
      .describe('Rise of the share of missing, invalid, unseen, empty or out-of-range rows'),
    qualityDrifted: z.number().positive().max(1),
    qualityFalseDiscoveryRate: z.number().positive().max(1),
    falseDiscoveryRate: z.number().positive().max(1),
    minCount: z.number().int().min(1),
  })
  .partial();

const referenceSchema = z
  .enum(REFERENCES)
  .default('baseline')
  .describe(
    'What the span is compared with: the training baseline, the 7 days before it, or the same hours of the week before',
  );

export const monitorSchema = z.strictObject({
  name: nameSchema,
  columns: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Columns to compare; all but ground truth and segment by default'),
  span: positiveDurationSchema
    .default('24h')
    .describe('How much of the newest traffic is compared with the baseline'),
  every: positiveDurationSchema.default('1h'),
  reference: referenceSchema,
  thresholds: thresholdsSchema.default({}),
  driftedShare: z
    .number()
    .positive()
    .max(1)
    .default(0.3)
    .describe('Share of features, weighted by importance, from which on the model is drifted'),
});
export type MonitorSpec = z.infer<typeof monitorSchema>;

export const driftEvaluationSchema = z
  .strictObject({
    from: instantSchema,
    to: instantSchema,
    columns: z.array(z.string()).min(1).optional(),
    segment: z.string().optional(),
    reference: referenceSchema,
    thresholds: thresholdsSchema.default({}),
  })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
    path: ['to'],
    message: 'must be after "from"',
  });
export type DriftEvaluationSpec = z.infer<typeof driftEvaluationSchema>;
