import { z } from 'zod';
import { durationSchema, nameSchema, positiveDurationSchema } from '#platform';

export const OPERATORS = ['>', '>=', '<', '<=', '==', '!='] as const;
export type Operator = (typeof OPERATORS)[number];

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const ruleSchema = z.strictObject({
  name: nameSchema,
  model: nameSchema.optional().describe('The model it watches; any model without it'),
  signal: z.string().min(1).max(200),
  matchers: z.record(z.string(), z.string()).default({}).describe('Labels that the signal must have'),
  condition: z.strictObject({ op: z.enum(OPERATORS), threshold: z.number() }),
  breaches: z
    .strictObject({ atLeast: z.number().int().min(1).max(100), of: z.number().int().min(1).max(100) })
    .refine(({ atLeast, of }) => atLeast <= of, 'atLeast cannot be more than of')
    .default({ atLeast: 1, of: 1 })
    .describe('How many of the newest samples must breach the condition'),
  for: durationSchema.default('0s').describe('How long it must hold before the alert fires'),
  keepFiringFor: durationSchema.default('0s').describe('How long it must be clear before the alert resolves'),
  staleAfter: positiveDurationSchema
    .default('10m')
    .describe('Older samples count as missing; missing data never resolves an alert'),
  severity: z.enum(SEVERITIES).default('warning'),
  channels: z.array(nameSchema).default([]),
  trigger: nameSchema.optional().describe('Retraining trigger that a firing alert starts'),
  summary: z.string().max(1_000).optional(),
  description: z.string().max(5_000).optional(),
  runbookUrl: z.url().optional(),
});
export type RuleSpec = z.infer<typeof ruleSchema>;
