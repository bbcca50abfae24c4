import type { ColumnType } from '#payloads';
import type { BaselineEpoch } from '#registry';
import { categoryKey, type Profile } from '#stats';

/** What examples of a column can be asked for; `any` shows what stands out first, then whatever there is. */
export const EXAMPLE_KINDS = ['any', 'missing', 'out-of-range', 'unseen', 'category'] as const;
export type ExampleKind = (typeof EXAMPLE_KINDS)[number];

/**
 * Why a row is shown, in the order in which `any` shows them. `unlisted`: outside the categories that the baseline lists,
 * which had more than it lists, so that a new one cannot be told from a rare one. `any`: nothing about it stands out.
 */
export const EXAMPLE_REASONS = ['out-of-range', 'unseen', 'unlisted', 'missing', 'category', 'any'] as const;
export type ExampleReason = (typeof EXAMPLE_REASONS)[number];

const ANY_TYPE: readonly ColumnType[] = ['numeric', 'categorical', 'boolean', 'text'];

/** The column types whose values an example of this kind can have. */
export const KIND_TYPES: Readonly<Record<ExampleKind, readonly ColumnType[]>> = {
  any: ANY_TYPE,
  missing: ANY_TYPE,
  'out-of-range': ['numeric'],
  unseen: ['categorical', 'boolean'],
  category: ['categorical', 'boolean'],
};

/** What a value of a column is held against. `none`: no baseline says anything of such values. */
export type ColumnReference =
  | { readonly kind: 'range'; readonly minimum: number; readonly maximum: number }
  | { readonly kind: 'categories'; readonly listed: ReadonlySet<string>; readonly isTruncated: boolean }
  | { readonly kind: 'none' };

/** The baseline that counts for a window, with its profile. */
export interface CountingBaseline {
  readonly epoch: BaselineEpoch;
  readonly profile: Profile;
}

/** What this baseline says of the column's values. A column without a single value in it has no range. */
export function referenceOf(column: string, baseline: CountingBaseline | null): ColumnReference {
  const { profile } = baseline ?? {};
  const index = profile?.grid.columns.findIndex(({ name }) => name === column) ?? -1;
  const [grid, counted] = [profile?.grid.columns[index]?.grid, profile?.columns[index]];
  if (counted?.kind === 'numeric' && counted.count > 0)
    return { kind: 'range', minimum: counted.min, maximum: counted.max };
  if (grid?.kind === 'categorical')
    return { kind: 'categories', listed: new Set(grid.categories), isTruncated: grid.isTruncated === true };
  return { kind: 'none' };
}

/** What stands out about a captured value, as text or null where it is missing; `any` when nothing does. */
export function reasonOf(text: string | null, reference: ColumnReference): ExampleReason {
  if (text === null) return 'missing';
  switch (reference.kind) {
    case 'range': {
      const value = Number(text);
      return value < reference.minimum || value > reference.maximum ? 'out-of-range' : 'any';
    }
    case 'categories':
      if (reference.listed.has(categoryKey(text))) return 'any';
      return reference.isTruncated ? 'unlisted' : 'unseen';
    case 'none':
      return 'any';
  }
}

/** Which rows are asked for: a kind, and the category where it is one. */
export interface ExampleChoice {
  readonly kind: ExampleKind;
  readonly value: string | undefined;
}

/** Whether a row is among those that are asked for, and why it is shown; null when it is not. */
export function shownReason(
  text: string | null,
  reference: ColumnReference,
  { kind, value }: ExampleChoice,
): ExampleReason | null {
  const reason = reasonOf(text, reference);
  switch (kind) {
    case 'any':
      return reason;
    case 'missing':
    case 'out-of-range':
      return reason === kind ? reason : null;
    case 'unseen':
      return reason === 'unseen' || reason === 'unlisted' ? reason : null;
    case 'category':
      // A long category is known by the key that profiles keep of it, too.
      return text !== null && (text === value || categoryKey(text) === value) ? 'category' : null;
  }
}
