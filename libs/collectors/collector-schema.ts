import { z } from 'zod';
import { durationMs, nameSchema, positiveDurationSchema, secretRefSchema } from '#platform';

const urlSchema = z.url({ protocol: /^https?$/ });
const labelNameSchema = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be a Prometheus label name');
const metricNameSchema = z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'must be a Prometheus metric name');
const headerNameSchema = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'must be a header name');

const common = {
  name: nameSchema,
  model: nameSchema.describe('The model that the signals are about'),
  headers: z
    .record(headerNameSchema, z.string())
    .default({})
    .describe('Sent with each request, for example X-Scope-OrgID'),
  bearerToken: secretRefSchema.optional(),
};

const latencySchema = z.strictObject({
  metric: metricNameSchema.describe('A classic histogram, without _bucket'),
  unit: z.enum(['seconds', 'milliseconds']).default('seconds').describe("The unit of the histogram's bounds"),
  quantiles: z.array(z.number().gt(0).lt(1)).min(1).max(10).default([0.5, 0.95, 0.99]),
});

const requestsSchema = z.strictObject({
  metric: metricNameSchema.describe('The counter of requests, with its _total'),
  statusLabel: labelNameSchema.default('status').describe('The label with the HTTP status: 503 or 5xx'),
});

const scrapeSchema = z
  .strictObject({
    ...common,
    kind: z.literal('scrape'),
    targets: z
      .array(urlSchema)
      .min(1)
      .max(100)
      .describe('The /metrics pages of every process that serves the model; their numbers are added up'),
    interval: positiveDurationSchema.default('15s'),
    rateWindow: positiveDurationSchema
      .default('5m')
      .describe('The traffic that quantiles and ratios look back on; at least twice the interval'),
    latency: latencySchema.optional(),
    requests: requestsSchema.optional(),
    matchers: z
      .record(labelNameSchema, z.string())
      .default({})
      .describe('Labels that a series must carry, and their exact values'),
  })
  .refine(
    ({ latency, requests }) => latency !== undefined || requests !== undefined,
    'needs latency or requests',
  )
  .refine(({ targets }) => new Set(targets).size === targets.length, {
    path: ['targets'],
    message: 'must not name a target twice: its numbers would count twice',
  })
  .refine(
    ({ interval, rateWindow }) =>
      !areDurations(interval, rateWindow) || durationMs(rateWindow) >= 2 * durationMs(interval),
    {
      path: ['rateWindow'],
      message: 'must be at least twice the interval, or no rate can be told',
    },
  );

const prometheusSchema = z.strictObject({
  ...common,
  kind: z.literal('prometheus'),
  url: urlSchema.describe('The server, with its path prefix when it has one, without /api/v1'),
  interval: positiveDurationSchema.default('30s'),
  timeout: positiveDurationSchema.default('10s').describe('Time for one query'),
  queries: z
    .array(
      z.strictObject({
        signal: z
          .string()
          .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/, 'must be letters, digits, underscores or colons'),
        unit: z.string().min(1).max(50).describe('Base unit of the value, for example seconds or ratio'),
        query: z
          .string()
          .trim()
          .min(1)
          .max(10_000)
          .describe('PromQL that gives an instant vector or a scalar'),
      }),
    )
    .min(1)
    .max(100),
});

/** One entry under `collectors` in leeway.yaml. */
export const collectorSchema = z.discriminatedUnion('kind', [scrapeSchema, prometheusSchema]);
export type CollectorSpec = z.infer<typeof collectorSchema>;
export type ScrapeSpec = z.infer<typeof scrapeSchema>;
export type PrometheusSpec = z.infer<typeof prometheusSchema>;

/** A text that is no duration has its own message already. */
function areDurations(...texts: string[]): boolean {
  return texts.every((text) => positiveDurationSchema.safeParse(text).success);
}
