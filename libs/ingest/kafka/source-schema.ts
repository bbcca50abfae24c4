import { z } from 'zod';
import { durationMs, nameSchema, positiveDurationSchema, secretRefSchema } from '#platform';
import { partSchema } from '../schemas.js';

/** How messages are written that have no content-type header. */
const CONTENT_TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  'v2-binary': 'application/octet-stream',
  cloudevents: 'application/cloudevents+json',
} as const;
const FORMATS = ['json', 'ndjson', 'csv', 'v2-binary', 'cloudevents'] as const;

const brokerSchema = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, 'must be host:port')
  .refine((text) => Number(text.split(':').at(-1)) <= 65_535, 'must have a port of at most 65535');

/** Kafka's own rule for the names of topics. */
const topicSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,249}$/, 'must be 1 to 249 letters, digits, dots, underscores or dashes');

const tlsSchema = z
  .strictObject({
    ca: secretRefSchema
      .optional()
      .describe('The certificates to trust, as PEM; by default those that Node trusts'),
    certificate: secretRefSchema.optional().describe('The certificate to show, as PEM'),
    key: secretRefSchema.optional().describe('The private key of the certificate, as PEM'),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    path: ['key'],
    message: 'a certificate and its key come together',
  });

const saslSchema = z.strictObject({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
  username: z.string().min(1).max(300),
  password: secretRefSchema,
});

const kafkaSourceSchema = z
  .strictObject({
    name: nameSchema,
    kind: z.literal('kafka'),
    brokers: z.array(brokerSchema).min(1).max(100).describe('Where the cluster is found first, as host:port'),
    topics: z.array(topicSchema).min(1).max(100),
    groupId: z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 characters of printable ASCII without spaces')
      .describe('The consumer group. The database keeps its offsets; under another name it begins anew'),
    model: nameSchema.describe('The model of messages without a leeway-model header'),
    version: nameSchema.describe('The version of messages without a leeway-version header'),
    format: z
      .enum(FORMATS)
      .default('json')
      .describe('How messages without a content-type header are written'),
    part: partSchema.optional(),
    from: z
      .enum(['earliest', 'latest'])
      .default('earliest')
      .describe('Where a group begins that has read nothing of a topic yet'),
    tls: tlsSchema.optional().describe('Present, even if empty: connections are encrypted'),
    sasl: saslSchema.optional(),
    sessionTimeout: positiveDurationSchema
      .default('45s')
      .describe('A process that is not heard of for so long loses its partitions to the others'),
    lagInterval: positiveDurationSchema.default('15s').describe('How often the lag is written as a signal'),
  })
  .refine(({ topics }) => new Set(topics).size === topics.length, {
    path: ['topics'],
    message: 'must not name a topic twice',
  })
  .refine(
    ({ sessionTimeout }) =>
      !positiveDurationSchema.safeParse(sessionTimeout).success || durationMs(sessionTimeout) <= 1_800_000,
    { path: ['sessionTimeout'], message: 'must be at most 30m: brokers refuse more' },
  );

/** One entry under `sources` in leeway.yaml. */
export const sourceSchema = z.discriminatedUnion('kind', [kafkaSourceSchema]);
export type SourceSpec = z.infer<typeof sourceSchema>;

/** The content type of a source's messages that do not say theirs. */
export function contentTypeOf({ format }: Pick<SourceSpec, 'format'>): string {
  return CONTENT_TYPES[format];
}

/** The secrets that a source refers to, each with its place under the source. */
export function secretsOf({
  tls,
  sasl,
}: SourceSpec): (readonly [place: string, ref: SecretRef | undefined])[] {
  return [
    ['tls.ca', tls?.ca],
    ['tls.certificate', tls?.certificate],
    ['tls.key', tls?.key],
    ['sasl.password', sasl?.password],
  ];
}

type SecretRef = z.infer<typeof secretRefSchema>;
