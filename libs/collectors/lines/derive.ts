import { histogramQuantile, type Bucket } from './histogram-quantile.js';
import type { LabelledValue, Reading, SignalLine, Vector } from './line.js';

/** One number that a line gave. */
export interface DerivedValue {
  readonly signal: string;
  readonly labels: Readonly<Record<string, string>>;
  /** NaN and the infinities as they came. */
  readonly value: number;
  /** The true value is this or more: a quantile beyond the highest finite bucket. */
  readonly isAtLeast: boolean;
}

/** What a vector gave: one value per label set, and nothing where there is no data. */
export type ReadVector = (vector: Vector) => readonly LabelledValue[];

/** The numbers of a line, from the vectors that it reads; none where nothing was measured. Lines of PromQL are not derived. */
export function derive(line: SignalLine, read: ReadVector): DerivedValue[] {
  const { reading } = line;
  switch (reading.kind) {
    case 'quantiles':
      return deriveQuantiles(line, reading, read);
    case 'value':
      return finish(line, [...sums(line, reading.of, read).values()]);
    case 'ratio':
      return finish(line, ratios(line, reading, read));
    case 'promql':
      return [];
  }
}

/** The labels of the signal: the first source of each that is not empty; a label without one is left out. */
export function signalLabels(
  { by }: Pick<SignalLine, 'by'>,
  labels: Readonly<Record<string, string>>,
): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [label, sources] of Object.entries(by)) {
    const source = sources.find((each) => (labels[each] ?? '') !== '');
    if (source !== undefined) named[label] = labels[source] ?? '';
  }
  return named;
}

interface Grouped {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The bound of a bucket as the label `le` writes it; NaN when it is none. */
export function bucketBound(le: string | undefined): number {
  if (le === undefined || le.trim() === '') return NaN;
  return Number(le.replace(/^\+?Inf$/i, 'Infinity'));
}

function deriveQuantiles(
  line: SignalLine,
  { histogram, quantiles }: Extract<Reading, { kind: 'quantiles' }>,
  read: ReadVector,
): DerivedValue[] {
  const groups = new Map<string, { labels: Record<string, string>; buckets: Bucket[] }>();
  for (const { labels, value } of read(histogram)) {
    const le = bucketBound(labels['le']);
    if (Number.isNaN(le)) continue;
    const named = signalLabels(line, labels);
    const group = groupOf(groups, named, () => ({ labels: named, buckets: [] }));
    group.buckets.push({ le: le * line.scale, count: value });
  }
  return [...groups.values()].flatMap(({ labels, buckets }) =>
    quantiles.flatMap(({ q, signal }) => {
      const quantile = histogramQuantile(q, buckets);
      return quantile === null ? [] : [{ signal, labels, ...quantile }];
    }),
  );
}

function ratios(
  line: SignalLine,
  { of, to }: Extract<Reading, { kind: 'ratio' }>,
  read: ReadVector,
): Grouped[] {
  const dividends = sums(line, of, read);
  const isCounted = of.every((vector) => vector.of !== 'value');
  return [...sums(line, to, read)].flatMap(([key, divisor]) => {
    const dividend = dividends.get(key)?.value ?? (isCounted ? 0 : null);
    if (dividend === null || divisor.value === 0) return [];
    return [{ labels: divisor.labels, value: dividend / divisor.value }];
  });
}

/** Per label set of the signal, the sum over all vectors. */
function sums(line: SignalLine, vectors: readonly Vector[], read: ReadVector): Map<string, Grouped> {
  const groups = new Map<string, { labels: Record<string, string>; value: number }>();
  for (const vector of vectors) {
    for (const { labels, value } of read(vector)) {
      const named = signalLabels(line, labels);
      groupOf(groups, named, () => ({ labels: named, value: 0 })).value += value;
    }
  }
  return groups;
}

function groupOf<T>(groups: Map<string, T>, labels: Readonly<Record<string, string>>, create: () => T): T {
  // The order of the labels is the line's, so equal sets are equal texts.
  const key = JSON.stringify(labels);
  let group = groups.get(key);
  if (group === undefined) groups.set(key, (group = create()));
  return group;
}

function finish({ signal, scale, isComplement }: SignalLine, values: readonly Grouped[]): DerivedValue[] {
  return values.map(({ labels, value }) => ({
    signal,
    labels,
    value: isComplement ? 1 - value * scale : value * scale,
    isAtLeast: false,
  }));
}
