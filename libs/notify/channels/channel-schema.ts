import { z } from 'zod';
import { durationSchema, nameSchema, positiveDurationSchema, secretRefSchema } from '#platform';

const common = {
  name: nameSchema,
  groupWait: durationSchema
    .default('30s')
    .describe('How long the first alert of a model waits for others, to share a message'),
  groupInterval: durationSchema
    .default('5m')
    .describe('How long after a message the next one about changes may follow'),
  repeatInterval: positiveDurationSchema
    .default('4h')
    .describe('How often a message about unchanged alerts is repeated'),
};

/** One entry under `channels` in leeway.yaml. */
export const channelSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('slack'),
    webhookUrl: secretRefSchema.describe('URL of a Slack incoming webhook: whoever knows it can post'),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/ }),
    secret: secretRefSchema.describe(
      'Signing secret in the form of Standard Webhooks: whsec_ and base64 of 24 to 64 bytes',
    ),
  }),
]);
export type ChannelSpec = z.infer<typeof channelSchema>;
