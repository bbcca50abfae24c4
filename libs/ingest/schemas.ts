import { z } from 'zod';
import { PAYLOAD_PARTS } from '#payloads';

/** Rows of one payload. More are refused with `payload-too-large`: they would hold up the commit that others wait for. */
export const MAX_PAYLOAD_ROWS = 10_000;

/** Bytes of one payload, once it is expanded: 10,000 rows of 30 columns are about 8 MB. Larger data belongs into several, or a stream. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/** Bytes of payloads in memory, from the first byte until the commit, before new ones are told to come back (429): eight of the largest. */
export const MAX_HELD_BYTES = 8 * MAX_PAYLOAD_BYTES;

/** Events of one delivery of a payload logger. */
export const MAX_EVENTS = 1_000;

/** Printable ASCII without spaces. */
export const PAYLOAD_ID = /^[\x21-\x7e]{1,200}$/;

export const payloadIdSchema = z
  .string()
  .regex(PAYLOAD_ID, 'must be 1 to 200 characters of printable ASCII without spaces')
  .describe(
    'Idempotency key: a payload that is sent again with the same id is counted once. Also taken from the header Idempotency-Key',
  );

export const partSchema = z
  .enum(PAYLOAD_PARTS)
  .describe('What the rows are: whole inferences, or the requests or the responses of some');

const cellsSchema = z.record(z.string(), z.unknown());

/** The JSON body of a payload in Leeway's own forms, for the API's description: decoding is stricter, and faster. */
export const inferencesSchema = z.union([
  z.strictObject({
    payloadId: payloadIdSchema.optional(),
    part: partSchema.optional(),
    rows: z
      .array(
        z.strictObject({
          inferenceId: z.string().optional(),
          timestamp: z.iso.datetime({ offset: true }).optional(),
          values: cellsSchema,
        }),
      )
      .describe('Each row is validated against the schema of the version'),
  }),
  z.strictObject({
    payloadId: payloadIdSchema.optional(),
    part: partSchema.optional(),
    columns: z.record(z.string(), z.array(z.unknown())),
    inferenceIds: z.array(z.string()).optional(),
    timestamps: z.array(z.iso.datetime({ offset: true })).optional(),
  }),
]);

/** How rows are judged before they are counted. */
export interface IngestLimits {
  /** How far ahead of Leeway's clock an event time may be: clocks differ. */
  readonly maxFutureMs: number;
  /** How old an event time may be: older windows are gone. */
  readonly maxAgeMs: number;
  /** How old a captured row may be: older ones are dropped. */
  readonly maxCapturedAgeMs: number;
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = {
  maxFutureMs: 5 * 60_000,
  maxAgeMs: 30 * 86_400_000,
  maxCapturedAgeMs: 30 * 86_400_000,
};
