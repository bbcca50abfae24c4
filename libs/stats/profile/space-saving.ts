/** Counters a summary keeps: a value with more than 1/100 of the recorded total is always among them. */
export const SPACE_SAVING_COUNTERS = 100;

/** A value with its estimated count; the true count lies in [count − overcount, count]. */
export interface FrequentValue {
  readonly value: string;
  readonly count: number;
  readonly overcount: number;
}

/** A value that occurred at least `count` times. */
export type CertainValue = Pick<FrequentValue, 'value' | 'count'>;

/**
 * The most frequent of a stream of values in bounded memory. `index` maps each value to its place in the three lists.
 *
 * While at most 100 distinct values came, all counts are exact. Beyond, a count exceeds the truth by at most total/100.
 * Source: Metwally, Agrawal and El Abbadi (2005), "Efficient computation of frequent and top-k elements", Space-Saving.
 */
export interface SpaceSaving {
  readonly index: Map<string, number>;
  readonly values: string[];
  readonly counts: number[];
  readonly overcounts: number[];
}

export function emptySpaceSaving(): SpaceSaving {
  return { index: new Map(), values: [], counts: [], overcounts: [] };
}

/** Records one occurrence; a new value replaces the smallest counter when all are taken. */
export function recordValue(summary: SpaceSaving, value: string): void {
  const known = summary.index.get(value);
  if (known !== undefined) summary.counts[known]! += 1;
  else if (summary.values.length < SPACE_SAVING_COUNTERS)
    appendCounter(summary, { value, count: 1, overcount: 0 });
  else replaceSmallest(summary, value);
}

/** Rebuilds a counter, as stored. */
export function appendCounter(summary: SpaceSaving, { value, count, overcount }: FrequentValue): void {
  summary.index.set(value, summary.values.length);
  summary.values.push(value);
  summary.counts.push(count);
  summary.overcounts.push(overcount);
}

function replaceSmallest(summary: SpaceSaving, value: string): void {
  const { counts } = summary;
  let smallest = 0;
  for (let i = 1; i < counts.length; i++) if (counts[i]! < counts[smallest]!) smallest = i;
  summary.index.delete(summary.values[smallest]!);
  summary.index.set(value, smallest);
  summary.values[smallest] = value;
  summary.overcounts[smallest] = counts[smallest]!;
  counts[smallest]! += 1;
}

/** The values kept, most frequent first, ties by code units. */
export function frequentValues({ values, counts, overcounts }: SpaceSaving): FrequentValue[] {
  return values
    .map((value, i) => ({ value, count: counts[i]!, overcount: overcounts[i]! }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

/** The values kept with the counts that are certain (count − overcount, at least 1), most frequent first, ties by code units. */
export function certainValues({ values, counts, overcounts }: SpaceSaving): CertainValue[] {
  return values
    .map((value, i) => ({ value, count: counts[i]! - overcounts[i]! }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

/**
 * Adds `source` into `target`; exact while both together hold at most 100 distinct values.
 *
 * A value that a full summary does not hold may have occurred as often as its smallest counter, which is added to both
 * count and overcount, so the bound total/100 still holds. Source: Agarwal et al. (2013), "Mergeable summaries".
 */
export function mergeSpaceSaving(target: SpaceSaving, source: SpaceSaving): void {
  const targetFloor = floorOf(target);
  const sourceFloor = floorOf(source);
  const merged = new Map<string, FrequentValue>();
  for (const entry of frequentValues(target))
    merged.set(entry.value, raised(entry, source.index.has(entry.value) ? 0 : sourceFloor));
  for (const entry of frequentValues(source))
    merged.set(
      entry.value,
      sum(raised(entry, target.index.has(entry.value) ? 0 : targetFloor), merged.get(entry.value)),
    );
  const kept = [...merged.values()].sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  target.index.clear();
  for (const list of [target.values, target.counts, target.overcounts]) list.length = 0;
  for (const entry of kept.slice(0, SPACE_SAVING_COUNTERS)) appendCounter(target, entry);
}

function floorOf({ counts }: SpaceSaving): number {
  return counts.length < SPACE_SAVING_COUNTERS ? 0 : Math.min(...counts);
}

function raised({ value, count, overcount }: FrequentValue, floor: number): FrequentValue {
  return { value, count: count + floor, overcount: overcount + floor };
}

function sum(a: FrequentValue, b: FrequentValue | undefined): FrequentValue {
  if (b === undefined) return a;
  return { value: a.value, count: a.count + b.count, overcount: a.overcount + b.overcount };
}
