import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { z } from 'zod';
import { PRESET_NAMES } from '#collectors';
import { monitorSchema } from '#drift';
import { DEAD_LETTER_REASONS, EXAMPLE_REASONS, FIRST_BASELINE_REASONS } from '#ingest';
import { PAYLOAD_PARTS } from '#payloads';
import { DEPLOYMENT_KINDS, DEPLOYMENT_ORIGINS, modelSchema, UPLOAD_STATES, versionSchema } from '#registry';
import { RUN_STATUSES } from '#retraining';
import { ruleSchema } from '#rules';
import { NAMING_PARTS } from '../model-deletion.js';

/** What the API answers, for its OpenAPI description. Tests hold real answers against these schemas. */
const instant = z.iso.datetime();
const id = z.string().describe('A number as text');
const ratio = z.number().min(0).max(1);
const verdict = z.enum(['ok', 'warning', 'drifted', 'insufficient']);
const counts = z.record(z.string(), z.number().int());
const receivedCount = z
  .number()
  .int()
  .describe('Rows that arrived, with those that sampling left out; refused ones are not among them');

export const modelAnswer = modelSchema.extend({ createdAt: instant });
export const versionAnswer = versionSchema.extend({ model: z.string(), createdAt: instant });

const deletedCount = z.number().int();
export const deletedModelAnswer = z.object({
  model: z.string(),
  deleted: z.object({
    versions: deletedCount,
    baselines: deletedCount,
    deployments: deletedCount,
    windows: deletedCount,
    capturedRows: deletedCount,
    groundTruth: deletedCount,
    performanceResults: deletedCount,
    monitors: deletedCount,
    driftResults: deletedCount,
    signals: deletedCount,
    deadLetters: deletedCount,
    rules: deletedCount,
    alerts: deletedCount,
    messages: deletedCount,
    retrainingRuns: deletedCount,
  }),
  namedInConfiguration: z
    .array(z.enum(NAMING_PARTS))
    .describe(
      'The parts of leeway.yaml that name it: they bring it, or something of it, back at the next start',
    ),
});

export const baselineAnswer = z.object({
  id,
  model: z.string(),
  version: z.string(),
  source: z.enum(['csv', 'ndjson', 'parquet', 'rows', 'captured-rows', 'profile', 'inherited']),
  rowCount: z.number().int(),
  gridHash: z.string(),
  status: z
    .enum(['candidate', 'current', 'next', 'superseded'])
    .describe('current: the one that counts; next: the one that counts from effectiveFrom on'),
  effectiveFrom: instant
    .nullable()
    .describe(
      'Start of the first window counted on it since it was last promoted; null for a candidate, and for the first one of a version',
    ),
  createdAt: instant,
});
const columnSummary = z.object({
  name: z.string(),
  kind: z.enum(['numeric', 'categorical', 'text']),
  count: z.number().int(),
  missingCount: z.number().int(),
  invalidCount: z.number().int(),
  mean: z.number().nullable().optional(),
  standardDeviation: z.number().nullable().optional(),
  minimum: z.number().nullable().optional(),
  maximum: z.number().nullable().optional(),
  categoryCount: z.number().int().optional(),
  topCategories: z.array(z.object({ category: z.string(), count: z.number().int() })).optional(),
});
export const baselineDetailsAnswer = baselineAnswer.extend({
  importances: z
    .record(z.string(), z.number())
    .nullable()
    .describe('Weights of features that came with it; null where those of the schema hold'),
  columns: z.array(columnSummary),
});
export const newBaselineAnswer = baselineDetailsAnswer.extend({
  leftOutColumns: z
    .array(z.string())
    .optional()
    .describe(
      'Of a baseline of captured rows: columns that these do not have whole, redacted ones and cut texts',
    ),
});
export const firstBaselineAnswer = z.object({
  model: z.string(),
  version: z.string(),
  reason: z.enum(FIRST_BASELINE_REASONS),
  firstRowAt: instant.nullable(),
  dueAt: instant.nullable().describe('When the span since the first row is over'),
  rowCount: z.number().int().describe('Captured rows that it would be made of so far'),
  minRows: z.number().int().nullable(),
});

export const receiptAnswer = z.object({
  payloadId: z.string(),
  status: z
    .enum(['accepted', 'duplicate'])
    .describe('duplicate: a payload with this id was counted before, nothing now'),
  part: z.enum(PAYLOAD_PARTS),
  receivedCount: z.number().int(),
  acceptedCount: z.number().int(),
  sampledOutCount: z
    .number()
    .int()
    .describe("Of the accepted rows, those that the model's sampling leaves out: counted as received only"),
  rejectedCount: z.number().int(),
  rejections: z
    .array(
      z.object({
        row: z.number().int(),
        column: z.string().nullable(),
        reason: z.string(),
        message: z.string(),
      }),
    )
    .describe('The first 100'),
  omittedRejectionCount: z.number().int(),
  ignoredColumns: z.array(z.string()),
});

export const eventReceiptAnswer = z.object({
  receipts: z.array(receiptAnswer),
  ignoredEventCount: z.number().int().describe('Events that are not of inferences'),
  failures: z
    .array(z.object({ event: z.number().int().describe('Its place in the batch'), detail: z.string() }))
    .describe('Events of a batch that could not be decoded; the others were counted'),
});

export const windowAnswer = z.object({
  model: z.string(),
  version: z.string(),
  segment: z.string(),
  start: instant,
  end: instant,
  gridHash: z.string(),
  baselineId: id.nullable(),
  rowCount: z.number().int(),
  receivedCount,
  rejectedCount: z.number().int(),
  rejections: counts,
});
export const windowProfileAnswer = z.object({
  model: z.string(),
  version: z.string(),
  start: instant,
  end: instant,
  profiles: z.array(
    z.object({
      segment: z.string(),
      gridHash: z.string(),
      rowCount: z.number().int(),
      receivedCount,
      rejections: counts,
      columns: z.array(columnSummary),
    }),
  ),
});
const cell = z.union([z.number(), z.string(), z.null()]);
const rowValues = z.record(z.string(), cell);
export const capturedRowAnswer = z.object({
  inferenceId: z.string(),
  timestamp: instant,
  windowStart: instant,
  values: rowValues,
});
/** One line of an NDJSON export. */
export const exportedRowAnswer = z.object({
  inferenceId: z.string(),
  timestamp: instant,
  values: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
});
export const parquetAnswer = z
  .string()
  .meta({ format: 'binary' })
  .describe('inference_id, timestamp, then the columns of the schema that are not redacted');
export const examplesAnswer = z.object({
  model: z.string(),
  version: z.string(),
  start: instant,
  column: z.string(),
  baselineId: id
    .nullable()
    .describe('What the values are held against; null for windows from before the first baseline'),
  examples: z.array(
    z.object({
      inferenceId: z.string(),
      timestamp: instant,
      kind: z
        .enum(EXAMPLE_REASONS)
        .describe(
          'Why it is shown; unlisted: outside the categories that the baseline lists, which had more; any: nothing stands out',
        ),
      value: cell,
      values: rowValues,
    }),
  ),
});
export const deletedInferenceAnswer = z.object({
  model: z.string(),
  inferenceId: z.string(),
  deletedRowCount: z
    .number()
    .int()
    .describe('Captured rows and halves; what windows counted are sums, and stay'),
  deletedGroundTruth: z.boolean(),
});

const columnDrift = z
  .looseObject({
    column: z.string(),
    kind: z.enum(['numeric', 'categorical', 'text']),
    verdict,
    reason: z.string(),
    baselineCount: z.number().int(),
    windowCount: z.number().int(),
    psi: z.number().nullable().describe('Nats'),
    ks: z.number().nullable().describe('D at the edges of the grid'),
    ksUpperBound: z.number().nullable().describe('The exact statistic lies in [ks, ksUpperBound]'),
    pValue: z.number().nullable(),
    correctedPValue: z.number().nullable(),
    missingShare: ratio,
    explanation: z.string(),
    changes: z
      .array(z.looseObject({ kind: z.string() }))
      .optional()
      .describe('What changed, most telling first; results stored before there were any have none'),
    scale: z.object({ factor: z.number(), ksAfter: z.number(), knownUnit: z.string().nullable() }).nullable(),
    bins: z.object({
      labels: z.array(z.string()),
      baseline: z.array(z.number()),
      window: z.array(z.number()),
    }),
  })
  .describe('More scores, bounds and noise floors than are listed here come with it');
export const baselineComparisonAnswer = z.object({
  id,
  with: id,
  verdict,
  reason: z.string(),
  driftedShare: ratio,
  hasOneGrid: z.boolean(),
  columns: z.array(
    columnDrift.extend({
      gridError: ratio.describe(
        'By which share a cumulative count of the other may be off at most, since it was counted on a grid of its own',
      ),
    }),
  ),
  leftOut: z.array(
    z.object({
      column: z.string(),
      reason: z.enum(['only-in-the-first', 'only-in-the-other', 'of-different-kinds']),
    }),
  ),
  notes: z.array(z.string()).describe('How far off the figures can be, and what they do not hold'),
});
export const driftResultAnswer = z.object({
  model: z.string(),
  version: z.string(),
  monitor: z.string().nullable(),
  segment: z.string().nullable(),
  evaluatedAt: instant,
  outdatedAt: instant
    .nullable()
    .describe('When it was noticed that rows have come since which this result does not hold; else null'),
  from: instant,
  to: instant,
  reference: z.enum(['baseline', 'trailing-7-days', 'week-before']).optional(),
  verdict,
  reason: z.string(),
  driftedShare: ratio.nullable(),
  rowCount: z.number().int().describe('Rows that were compared: n of receivedCount'),
  receivedCount,
  basis: z
    .enum(['all', 'sampled'])
    .describe('sampled: windows from before the baseline were rebuilt on its grid from captured rows'),
  leftOutColumns: z
    .array(z.string())
    .describe('Not compared, since captured rows do not have them: redacted columns and texts that were cut'),
  baselineId: id.nullable(),
  gridHash: z.string().nullable(),
  columns: z.array(columnDrift),
});
export const storedDriftResultAnswer = driftResultAnswer.extend({ id });

export const monitorAnswer = monitorSchema.extend({ id, model: z.string(), createdAt: instant });
export const ruleAnswer = ruleSchema.extend({ id, createdAt: instant });

const labels = z.record(z.string(), z.string());
export const signalAnswer = z.object({
  id,
  name: z.string(),
  model: z.string(),
  labels,
  unit: z.string(),
  source: z.string(),
  lastAt: instant,
  lastValue: z.number().nullable(),
  isAtLeast: z.boolean().describe('The true value is the last one or more'),
  stale: z.boolean().describe('The last value is too old to tell anything of now'),
  lastError: z
    .object({ detail: z.string(), since: instant, at: instant })
    .nullable()
    .describe('Why there is no newer value'),
});
export const signalProblemsAnswer = z.object({
  items: z.array(
    z.object({
      source: z.string(),
      model: z.string().nullable().describe('null: of all models'),
      name: z.string().nullable().describe('null: of all that the source writes of the model'),
      detail: z.string(),
      since: instant,
      at: instant,
    }),
  ),
});
export const signalHistoryAnswer = z.object({
  series: z.array(
    z.object({
      name: z.string(),
      labels,
      unit: z.string(),
      source: z.string(),
      samples: z
        .array(z.tuple([instant, z.number().nullable()]))
        .describe('Oldest first; null could not be measured'),
      atLeastAt: z
        .array(instant)
        .optional()
        .describe('Instants of the samples whose true value is theirs or more'),
    }),
  ),
  problems: z.array(z.string()).describe('What a source that was asked could not answer'),
});

export const alertAnswer = z.object({
  id,
  rule: z.string(),
  model: z.string(),
  labels,
  fingerprint: z.string(),
  severity: z.enum(['info', 'warning', 'critical']),
  state: z.enum(['pending', 'firing', 'resolved']),
  endReason: z.enum(['resolved', 'superseded']).nullable(),
  activeAt: instant,
  firedAt: instant.nullable(),
  endedAt: instant.nullable(),
  value: z.number().nullable(),
  summary: z.string(),
  description: z.string(),
  runbookUrl: z.string().nullable(),
  channels: z.array(z.string()),
  diagnosis: z.object({ action: z.string(), summary: z.string(), evidence: z.array(z.string()) }).nullable(),
  retraining: z.string().nullable(),
});
export const alertDetailsAnswer = alertAnswer.extend({
  history: z.array(z.object({ at: instant, from: z.string(), to: z.string(), cause: z.string() })),
});

export const deploymentAnswer = z.object({
  id,
  model: z.string(),
  version: z.string(),
  environment: z.string(),
  kind: z.enum(DEPLOYMENT_KINDS),
  trafficShare: ratio.nullable().describe('null: nobody said'),
  origin: z.enum(DEPLOYMENT_ORIGINS),
  shares: z
    .array(z.object({ at: instant, trafficShare: ratio }))
    .describe('What it took from when on, oldest first'),
  revision: z.string().nullable(),
  description: z.string().nullable(),
  startedAt: instant,
  endedAt: instant.nullable(),
});

export const rolloutAnswer = z.object({
  deployment: deploymentAnswer.nullable().describe('null: nothing changed'),
});
export const unknownVersionsAnswer = z.object({
  items: z.array(
    z.object({ version: z.string(), environment: z.string(), firstSeenAt: instant, lastSeenAt: instant }),
  ),
});

const runStatus = z.enum(RUN_STATUSES);
export const runAnswer = z.object({
  id,
  trigger: z.string(),
  model: z.string(),
  version: z.string(),
  alertId: id.nullable(),
  status: runStatus,
  reason: z.string(),
  webhookId: z.string(),
  newVersion: z.string().nullable(),
  createdAt: instant,
  updatedAt: instant,
  history: z.array(z.object({ status: runStatus, at: instant, reason: z.string() })),
  evidence: z.record(z.string(), z.unknown()),
});

export const notificationAnswer = z.object({
  id,
  kind: z.string(),
  channel: z.string(),
  model: z.string(),
  status: z.enum(['pending', 'delivered', 'failed']),
  attempts: z.number().int(),
  lastError: z.string().nullable(),
  createdAt: instant,
  deliveredAt: instant.nullable(),
});

const collectedSignal = z.object({
  signal: z.string(),
  unit: z.string(),
  query: z
    .string()
    .nullable()
    .describe('The PromQL that gives the same number; null for what a scrape cannot read'),
});
export const collectorAnswer = z.object({
  name: z.string(),
  kind: z.enum(['prometheus', 'scrape']),
  model: z.string(),
  interval: z.string(),
  from: z.array(z.string()).describe('The server or the pages that are read'),
  signals: z.array(collectedSignal),
  lastSampleAt: instant.nullable(),
});
export const detectionAnswer = z.object({
  proposals: z.array(
    z.object({
      preset: z.enum(PRESET_NAMES),
      title: z.string(),
      parameters: z.record(z.string(), z.string()),
      seriesCount: z.number(),
      remarks: z.array(z.string()),
      collector: z
        .record(z.string(), z.unknown())
        .describe('An entry of `collectors` in leeway.yaml, to be read before it is used'),
    }),
  ),
  problems: z.array(z.string()),
});
export const sourceAnswer = z.object({
  name: z.string(),
  kind: z.literal('kafka'),
  topics: z.array(z.string()),
  groupId: z.string(),
  model: z.string(),
  version: z.string(),
  deadLetterCount: z.number().int(),
  partitions: z
    .array(z.object({ topic: z.string(), partition: z.number().int(), nextOffset: id, updatedAt: instant }))
    .describe('How far each partition has been counted; empty before the first time that it was read'),
});
export const deadLetterAnswer = z.object({
  id,
  source: z.string(),
  topic: z.string(),
  partition: z.number().int(),
  offset: id,
  key: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
  sizeBytes: z.number().int().describe('Of the whole value'),
  reason: z.enum(DEAD_LETTER_REASONS),
  detail: z.string(),
  model: z.string(),
  version: z.string(),
  producedAt: instant.nullable(),
  at: instant,
});
export const wholeDeadLetterAnswer = deadLetterAnswer.extend({
  value: z.string().nullable().describe('The first 64 KiB, in base64; null for a message without a value'),
  text: z.string().nullable().describe('The same as text, where it is UTF-8'),
});

export const apiKeyAnswer = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: instant,
});
export const newApiKeyAnswer = apiKeyAnswer.extend({ key: z.string().describe('Shown this once') });

const problemAnswer = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .describe('RFC 9457 problem details');

export const baselineUploadAnswer = z.object({
  uploadId: z.string(),
  model: z.string(),
  version: z.string(),
  state: z.enum(UPLOAD_STATES),
  byteCount: z.number().int().describe('Bytes that were read so far'),
  rowCount: z
    .number()
    .int()
    .describe('Rows that were read so far; of Parquet only once the whole file is there'),
  baselineId: id.nullable(),
  problem: problemAnswer.nullable().describe('Why it failed'),
  startedAt: instant,
  updatedAt: instant,
});

const PROBLEM_RESPONSE = ApiResponse({
  status: 'default',
  description: 'A problem',
  content: { 'application/problem+json': { schema: jsonSchemaOf(problemAnswer) } },
});

/** One page of a list. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** Describes what a route answers when it succeeds, and that failures are problem details. */
export function Answers(answer: z.ZodType, status = 200): MethodDecorator {
  return applyDecorators(
    ApiResponse({ status, description: 'Success', schema: jsonSchemaOf(answer) }),
    PROBLEM_RESPONSE,
  );
}

/** Describes a route that answers with a file in one of these content types, each with what it holds. */
export function AnswersFile(types: Readonly<Record<string, z.ZodType>>): MethodDecorator {
  const content: Record<string, { schema: OpenApiSchema }> = {};
  for (const [type, schema] of Object.entries(types)) content[type] = { schema: jsonSchemaOf(schema) };
  return applyDecorators(ApiResponse({ status: 200, description: 'Success', content }), PROBLEM_RESPONSE);
}

type OpenApiSchema = NonNullable<Extract<Parameters<typeof ApiResponse>[0], { schema: unknown }>['schema']>;

function jsonSchemaOf(schema: z.ZodType): OpenApiSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  return rest as OpenApiSchema;
}
