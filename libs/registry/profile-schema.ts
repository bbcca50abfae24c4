import { z } from 'zod';
import { isStorableText } from '#payloads';

/** The form of a profile; a later one that means something else gets another number. */
export const PROFILE_FORMAT = 'leeway-baseline-profile/1';

/** Sizes that Leeway's own profiles keep, with the same limits. */
const MAX_CELLS = 1_024;
const MAX_CATEGORIES = 1_000;
const MAX_UNLISTED = 100;
const MAX_VOCABULARY = 10_000;
const MAX_VALUE_LENGTH = 1_000;

const finite = z.number();
const count = z.number().int().min(0);
const value = z
  .string()
  .max(MAX_VALUE_LENGTH)
  .refine(isStorableText, 'holds a NUL character or half of a surrogate pair');
const counted = z.strictObject({ value, count });

const numeric = {
  edges: z
    .array(finite)
    .max(MAX_CELLS - 1)
    .describe('Strictly increasing; cell k holds the values above edge k−1 up to edge k'),
  decileEdges: z.array(finite).max(9).describe('The edges that cut the values into tenths'),
  discreteValues: z
    .array(finite)
    .nullable()
    .default(null)
    .describe(
      'All values that came, where there are at most 50; each of them and the double below it are edges',
    ),
  counts: z.array(count).max(MAX_CELLS),
  sums: z.array(finite).max(MAX_CELLS).describe('The sum of the values of each cell'),
  mean: finite,
  m2: finite.min(0).describe('Sum of the squared differences from the mean'),
  min: finite.nullable(),
  max: finite.nullable(),
  rankError: z
    .number()
    .min(0)
    .max(0.05)
    .default(0)
    .describe('By which share of the values a count up to an edge may be off, where they were estimated'),
};
const rows = {
  name: z.string().min(1).max(200),
  missingCount: count.default(0),
  invalidCount: count.default(0).describe('Cells of a wrong type'),
};

/** A profile of training data that was made elsewhere: docs/baseline-profile.md. */
export const profileSchema = z.strictObject({
  format: z.literal(PROFILE_FORMAT),
  rowCount: z.number().int().min(1),
  segments: z
    .array(z.string().max(4_000))
    .max(100)
    .optional()
    .describe('The most frequent segments, as `segment` of a window names them'),
  columns: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('numeric'), ...rows, ...numeric }),
        z.strictObject({
          kind: z.literal('categorical'),
          ...rows,
          categories: z.array(counted).max(MAX_CATEGORIES),
          otherCount: count.default(0).describe('Values beyond the 1,000 most frequent categories'),
          unlisted: z.array(counted).max(MAX_UNLISTED).default([]),
        }),
        z.strictObject({
          kind: z.literal('text'),
          ...rows,
          lengths: z.strictObject(numeric).describe('Of the texts, in UTF-16 code units'),
          vocabulary: z.array(value).max(MAX_VOCABULARY).describe('The most frequent tokens first'),
          tokenCount: count,
          expectedUnseenCount: count.describe('Tokens outside of the vocabulary or in a single text only'),
          emptyCount: count.describe('Texts of nothing but blanks'),
          unseenTokens: z.array(counted).max(MAX_UNLISTED).default([]),
          unseenTokenCount: count.default(0),
          unseenSquared: finite.min(0).default(0),
          unseenByTokens: finite.min(0).default(0),
          tokensSquared: finite.min(0),
        }),
      ]),
    )
    .min(1)
    .max(1_000),
});
export type ProfileSpec = z.infer<typeof profileSchema>;
