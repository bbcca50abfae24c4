import { z } from 'zod';
import { durationMs, nameSchema, positiveDurationSchema } from '#platform';
import { accessFields, hasOneIdentity, tlsSchema } from './collector-access.js';
import {
  labelNameSchema,
  matchersSchema,
  metricNameSchema,
  missingParameter,
  presetUseSchema,
  promqlSchema,
  quantilesSchema,
  signalNameSchema,
  unitSchema,
} from './presets/preset-schema.js';

const urlSchema = z.url({ protocol: /^https?$/ });
const ONE_IDENTITY = {
  path: ['basicAuth'],
  message: 'excludes bearerToken: both are the Authorization header',
};

const common = {
  name: nameSchema,
  model: nameSchema.describe('The model that the signals are about'),
  version: nameSchema.optional().describe('The version that all of it is of, where no label tells'),
  ...accessFields,
  rateWindow: positiveDurationSchema
    .default('5m')
    .describe('The traffic that quantiles, ratios and rates look back on; at least twice the interval'),
  presets: z
    .array(presetUseSchema)
    .max(10)
    .default([])
    .describe('What serves the model and what it runs on: each knows its metrics'),
};

const latencySchema = z.strictObject({
  metric: metricNameSchema.describe('A classic histogram, without _bucket'),
  unit: z.enum(['seconds', 'milliseconds']).default('seconds').describe("The unit of the histogram's bounds"),
  quantiles: quantilesSchema,
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
    latency: latencySchema.optional(),
    requests: requestsSchema.optional(),
    matchers: matchersSchema.default({}),
    versionLabel: labelNameSchema.optional().describe('The label that tells the version'),
  })
  .refine(
    ({ latency, requests, presets }) => latency !== undefined || requests !== undefined || presets.length > 0,
    'needs presets, latency or requests',
  )
  .refine(({ targets }) => new Set(targets).size === targets.length, {
    path: ['targets'],
    message: 'must not name a target twice: its numbers would count twice',
  })
  .refine(hasTwoRoundsInWindow, {
    path: ['rateWindow'],
    message: 'must be at least twice the interval, or no rate can be told',
  })
  .refine(hasOneIdentity, ONE_IDENTITY)
  .refine(
    ({ presets }) => presets.every(({ lines }) => Object.values(lines).every((line) => line === null)),
    {
      path: ['presets'],
      message:
        'a line can be left out here but not replaced by a query: only a Prometheus server answers PromQL',
    },
  );

const querySchema = z.strictObject({
  signal: signalNameSchema,
  unit: unitSchema,
  query: promqlSchema,
});

const prometheusSchema = z
  .strictObject({
    ...common,
    kind: z.literal('prometheus'),
    url: z
      .union([urlSchema, z.array(urlSchema).min(1).max(5)])
      .describe(
        'The server, with its path prefix when it has one, without /api/v1; of several that hold the same data the first that answers is asked',
      ),
    tls: tlsSchema.optional(),
    interval: positiveDurationSchema.default('30s'),
    timeout: positiveDurationSchema.default('10s').describe('Time for one query'),
    staleAfter: positiveDurationSchema
      .optional()
      .describe("Series without a sample for longer count as gone; the server's look-back, 5m, by default"),
    backfill: positiveDurationSchema
      .default('6h')
      .describe('How far back the time is filled in during which nothing was collected'),
    queries: z.array(querySchema).max(100).default([]),
  })
  .refine(({ queries, presets }) => queries.length > 0 || presets.length > 0, {
    path: ['queries'],
    message: 'needs presets or queries',
  })
  .refine(hasTwoRoundsInWindow, { path: ['rateWindow'], message: 'must be at least twice the interval' })
  .refine(hasOneIdentity, ONE_IDENTITY)
  .superRefine(({ presets }, context) => {
    for (const [index, use] of presets.entries()) {
      const message = missingParameter(use);
      if (message !== null) context.addIssue({ code: 'custom', path: ['presets', index], message });
    }
  });

/** One entry under `collectors` in leeway.yaml. */
export const collectorSchema = z.discriminatedUnion('kind', [scrapeSchema, prometheusSchema]);
export type CollectorSpec = z.infer<typeof collectorSchema>;
export type ScrapeSpec = z.infer<typeof scrapeSchema>;
export type PrometheusSpec = z.infer<typeof prometheusSchema>;

/** A text that is no duration has its own message already. */
function hasTwoRoundsInWindow({ interval, rateWindow }: { interval: string; rateWindow: string }): boolean {
  const areDurations = [interval, rateWindow].every((text) => positiveDurationSchema.safeParse(text).success);
  return !areDurations || durationMs(rateWindow) >= 2 * durationMs(interval);
}
