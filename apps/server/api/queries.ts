import { z } from 'zod';
import { DEAD_LETTER_REASONS, EXAMPLE_KINDS, EXPORT_FORMATS } from '#ingest';
import { PERFORMANCE_STATUSES } from '#performance';
import {
  durationMs,
  instantSchema,
  LeewayError,
  nameSchema,
  pageQuerySchema,
  positiveDurationSchema,
  type Instant,
} from '#platform';
import { RUN_STATUSES } from '#retraining';

/** What a query with a step shows that names no range. */
const DEFAULT_SPAN_MS = 3_600_000;

const optionalText = z.string().max(300).optional();

/** Queries of the list endpoints. */
export const rangeQuery = z.object({ from: instantSchema.optional(), to: instantSchema.optional() });
export const windowsQuery = pageQuerySchema.extend({ ...rangeQuery.shape, segment: optionalText });
export const performanceQuery = pageQuerySchema.extend({
  ...rangeQuery.shape,
  segment: z.string().max(3_100).optional(),
  status: z.enum(PERFORMANCE_STATUSES).optional(),
});
export const segmentQuery = z.object({ segment: optionalText });
/** Captured rows are small and come by the thousand. */
export const capturedRowsQuery = pageQuerySchema.extend({
  ...rangeQuery.shape,
  limit: z.coerce.number().int().min(1).max(5_000).default(500),
});
export const deletionQuery = z.object({
  confirm: z.string().max(200).optional().describe('The name of the model, once more'),
});
export const exportQuery = z.object({
  ...rangeQuery.shape,
  format: z.enum(EXPORT_FORMATS).default('ndjson'),
});
export const examplesQuery = z.object({
  column: z.string().min(1).max(200),
  kind: z
    .enum(EXAMPLE_KINDS)
    .default('any')
    .describe(
      'any: what stands out first, then whatever there is; out-of-range: beyond the minimum or maximum of the baseline',
    ),
  value: z.string().max(1_000).optional().describe('The category, with kind=category'),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});
export const driftResultsQuery = pageQuerySchema.extend({
  monitor: optionalText,
  version: optionalText,
  verdict: z.enum(['ok', 'warning', 'drifted', 'insufficient']).optional(),
});
const matchText = z
  .string()
  .max(10_000)
  .optional()
  .describe('Conditions on labels, as in PromQL: version="v2",endpoint=~"/v1/.*"');
export const signalsQuery = pageQuerySchema.extend({
  name: optionalText,
  model: optionalText,
  match: matchText,
});
export const signalHistoryQuery = z.object({
  name: z.string().min(1).max(300),
  model: optionalText,
  match: matchText,
  from: instantSchema.optional(),
  to: instantSchema.optional(),
  step: positiveDurationSchema
    .optional()
    .describe('One value per step, such as 5m; every stored sample without it'),
  source: optionalText.describe(
    'Asks the source itself, as `collector:serving`, for history that Leeway does not keep',
  ),
});
export type SignalHistoryQuery = z.infer<typeof signalHistoryQuery>;
export const signalProblemsQuery = z.object({ model: optionalText });

/** The span of a query with a step: an hour up to now where it does not say. @throws LeewayError `invalid-query` */
export function spanOf(
  { from, to, step }: Pick<SignalHistoryQuery, 'from' | 'to' | 'step'>,
  now: Instant,
): { from: Instant; to: Instant; stepMs: number } {
  if (step === undefined)
    throw new LeewayError('invalid-query', 'the query is wrong at /step: a source is asked with a step');
  const end = to === undefined ? now : Date.parse(to);
  const begin = from === undefined ? end - DEFAULT_SPAN_MS : Date.parse(from);
  if (begin > end) throw new LeewayError('invalid-query', 'the query is wrong at /to: it is before `from`');
  return { from: begin, to: end, stepMs: durationMs(step) };
}
export const deadLettersQuery = pageQuerySchema.extend({ reason: z.enum(DEAD_LETTER_REASONS).optional() });
export const alertsQuery = pageQuerySchema.extend({
  model: optionalText,
  state: z.enum(['pending', 'firing', 'resolved']).optional(),
  rule: optionalText,
});
export const runsQuery = pageQuerySchema.extend({
  model: optionalText,
  status: z.enum(RUN_STATUSES).optional(),
});
export const notificationsQuery = pageQuerySchema.extend({
  model: optionalText,
  status: z.enum(['pending', 'delivered', 'failed']).optional(),
});

export type PageQuery = z.infer<typeof pageQuerySchema>;

/** The start of a window, as a path names it. @throws LeewayError `not-found` when it is no instant */
export function windowStartOf(start: string): Instant {
  if (!instantSchema.safeParse(start).success)
    throw new LeewayError(
      'not-found',
      `${JSON.stringify(start)} is not the start of a window; windows are named by an instant such as 2026-11-23T04:00:00Z`,
    );
  return Date.parse(start);
}

/** A range of the query as instants; what is left out stays open. */
export function rangeOf({ from, to }: { from?: string | undefined; to?: string | undefined }): {
  from?: number;
  to?: number;
} {
  return {
    ...(from === undefined ? {} : { from: Date.parse(from) }),
    ...(to === undefined ? {} : { to: Date.parse(to) }),
  };
}

/** How a baseline is registered. */
export const registrationQuerySchema = z.strictObject({
  promote: z
    .enum(['true', 'false'])
    .default('true')
    .describe('false: a candidate, which does not count until it is promoted'),
  uploadId: nameSchema.optional().describe('Chosen by the client, to ask how far the upload is'),
});
export type RegistrationQuery = z.infer<typeof registrationQuerySchema>;

export const baselineComparisonQuerySchema = z.strictObject({
  with: z
    .string()
    .regex(/^\d{1,18}$/, 'must be the id of a baseline')
    .describe('The other baseline'),
});
export type BaselineComparisonQuery = z.infer<typeof baselineComparisonQuerySchema>;
