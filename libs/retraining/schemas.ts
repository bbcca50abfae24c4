import { z } from 'zod';
import { durationSchema, nameSchema, positiveDurationSchema, secretRefSchema } from '#platform';

export const triggerSchema = z.strictObject({
  name: nameSchema,
  model: nameSchema,
  kind: z.literal('webhook'),
  url: z.url({ protocol: /^https?$/ }),
  secret: secretRefSchema.describe('Signing secret in the form of Standard Webhooks: whsec_ and base64'),
  cooldown: durationSchema
    .default('6h')
    .describe('How long after a run was requested the next one is refused'),
  minCapturedRows: z.number().int().min(0).default(1_000),
  timeout: positiveDurationSchema
    .default('24h')
    .describe('How long a run may take before it counts as timed out'),
  parameters: z.record(z.string(), z.unknown()).default({}),
});
export type TriggerSpec = z.infer<typeof triggerSchema>;

export const runPatchSchema = z.strictObject({
  status: z.enum(['running', 'succeeded', 'failed']),
  newVersion: nameSchema.optional(),
  message: z.string().max(2_000).optional(),
});
export type RunPatch = z.infer<typeof runPatchSchema>;
