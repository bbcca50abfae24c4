import { z } from 'zod';
import type { Rejection, TruthKind } from '#payloads';
import type { Model } from '#registry';

/** Rows of one request: some 10 MB of JSON, and a second or two of the database. */
export const MAX_GROUND_TRUTH_ROWS = 200_000;

/** The JSON body, for the API's description: decoding is stricter, and faster. */
export const groundTruthSchema = z.strictObject({
  rows: z
    .array(
      z.strictObject({
        id: z.string().describe('The inference id that the row was served under'),
        value: z
          .union([z.string(), z.number(), z.boolean()])
          .describe('A number for models of task regression, a class for those of task classification'),
        observedAt: z.iso
          .datetime({ offset: true })
          .optional()
          .describe(
            'When it became known; now without it. Of two values of one inference the one observed later counts',
          ),
      }),
    )
    .describe(`At most ${MAX_GROUND_TRUTH_ROWS} rows`),
});

/** What became of a delivery. `receivedCount` = `storedCount` + `unchangedCount` + `notCapturedCount` + `rejectedCount`. */
export interface GroundTruthReceipt {
  readonly receivedCount: number;
  /** Rows that brought something new: a first value, or a later observed one. */
  readonly storedCount: number;
  /** Rows that were known, or that an observation at a later time contradicts. */
  readonly unchangedCount: number;
  /** Rows of inferences that are not among the captured ones and never will be, by the hash of their id: nothing can be joined to them. */
  readonly notCapturedCount: number;
  readonly rejectedCount: number;
  readonly rejections: readonly Rejection[];
  readonly omittedRejectionCount: number;
}

const KINDS: Readonly<Record<Model['task'], TruthKind>> = {
  classification: 'class',
  regression: 'number',
  other: 'any',
};

/** What the ground truth of a model may be. */
export function truthKindOf({ task }: Pick<Model, 'task'>): TruthKind {
  return KINDS[task];
}
