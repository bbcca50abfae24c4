import { z } from 'zod';
import { JUDGEMENT_REASONS, PERFORMANCE_STATUSES } from '#performance';
import { receiptAnswer } from './responses.js';

/** What the API answers of ground truth and performance: see responses.ts. */
const instant = z.iso.datetime();
const id = z.string().describe('A number as text');
const ratio = z.number().min(0).max(1);

export const groundTruthReceiptAnswer = z.object({
  receivedCount: z.number().int(),
  storedCount: z.number().int().describe('Rows that brought something new'),
  unchangedCount: z.number().int().describe('Rows that were known, or that a later observation contradicts'),
  notCapturedCount: z
    .number()
    .int()
    .describe('Rows of inferences that are not captured and, by the hash of their id, never will be'),
  rejectedCount: z.number().int(),
  rejections: receiptAnswer.shape.rejections,
  omittedRejectionCount: z.number().int(),
});

const metric = z
  .object({
    value: z.number().nullable(),
    reason: z.string().nullable().describe('Why there is no value'),
    rowCount: z.number().int(),
    interval: z
      .object({ lowerBound: z.number(), upperBound: z.number(), method: z.string() })
      .nullable()
      .describe('95% confidence interval'),
  })
  .loose();
const metrics = z
  .looseObject({
    kind: z.enum(['binary', 'multi-class', 'regression']),
    rowCount: z.number().int(),
    accuracy: metric.optional(),
    precision: metric.optional(),
    recall: metric.optional(),
    f1: metric.optional(),
    rocAuc: metric.optional(),
    logLoss: metric.optional(),
    brierScore: metric.optional(),
    expectedCalibrationError: metric.optional(),
    meanAbsoluteError: metric.optional(),
    rootMeanSquaredError: metric.optional(),
    meanAbsolutePercentageError: metric.optional(),
    meanAbsolutePercentageErrorOfNonZero: metric.optional(),
    rSquared: metric.optional(),
    bias: metric.optional(),
  })
  .nullable();
export const performanceAnswer = z.object({
  model: z.string(),
  version: z.string(),
  segment: z.string(),
  from: instant,
  to: instant,
  evaluatedAt: instant,
  status: z
    .enum(PERFORMANCE_STATUSES)
    .describe('judged: it counts; waiting: for ground truth; unlabelled: none came until the deadline'),
  reason: z.enum(JUDGEMENT_REASONS),
  predictedCount: z.number().int().describe('Captured rows with a prediction'),
  unpredictedCount: z.number().int(),
  labelledCount: z.number().int().describe('Predictions with ground truth'),
  labelledShare: ratio.nullable(),
  delay: z.object({ medianSeconds: z.number(), maximumSeconds: z.number() }).nullable(),
  performance: metrics.describe('Of the rows with ground truth'),
  estimate: metrics.describe('Of all rows, from their scores or features alone'),
  estimateReason: z.string().nullable().describe('Why there is no estimate'),
  baselineId: id.nullable().describe('What the estimate rests on'),
});
