import { z } from 'zod';

/** Rows of one payload. More are refused with `payload-too-large`: they would hold up the commit that others wait for. */
export const MAX_PAYLOAD_ROWS = 10_000;

export const inferencesSchema = z.strictObject({
  payloadId: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .optional()
    .describe(
      'Idempotency key: a payload that is sent again with the same id is counted once. Also taken from the header Idempotency-Key',
    ),
  rows: z
    .array(
      z.unknown().meta({
        type: 'object',
        properties: {
          inferenceId: { type: 'string' },
          timestamp: { type: 'string', format: 'date-time' },
          values: { type: 'object', additionalProperties: true },
        },
        required: ['values'],
      }),
    )
    .describe(
      'Rows { inferenceId?, timestamp?, values: { column: value } }; each is validated against the schema of the version',
    ),
});

export type InferencesBody = z.infer<typeof inferencesSchema>;

/** How rows are judged before they are counted. */
export interface IngestLimits {
  /** How far ahead of Leeway's clock an event time may be: clocks differ. */
  readonly maxFutureMs: number;
  /** How old an event time may be: older windows are gone. */
  readonly maxAgeMs: number;
  /** Payload rows that may wait for their commit before new ones are told to come back (429). Bounds the memory. */
  readonly maxPendingRows: number;
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = {
  maxFutureMs: 5 * 60_000,
  maxAgeMs: 30 * 86_400_000,
  maxPendingRows: 200_000,
};
