import { neededVectors, vectorsOf, type LabelledValue, type SignalLine, type Vector } from '../lines/line.js';
import { compileMatchers, type Matches } from '../lines/matchers.js';
import { selector, vectorLabels } from '../lines/promql.js';
import type { SeriesState, TargetSeries } from './target-series.js';

/** One label set of a vector while it is added up. */
interface Group {
  readonly labels: Readonly<Record<string, string>>;
  value: number;
  count: number;
}

/** What counters are read over: the window, or only since the page before. */
export type Over = 'window' | 'step';

/** How one vector of one line reads pages: what it takes, and under which labels. Computed once for each series. */
class VectorReader {
  private readonly matches: Matches;
  private readonly groups = new WeakMap<
    SeriesState,
    { key: string; labels: Record<string, string> } | false
  >();

  constructor(
    private readonly vector: Vector,
    private readonly labels: readonly string[],
  ) {
    this.matches = compileMatchers(vector.where);
  }

  /** One number per label set, over all targets; of the first metric that has data. */
  read(index: MetricIndex, at: number, over: Over): LabelledValue[] {
    for (const metric of this.vector.metrics) {
      const groups = new Map<string, Group>();
      for (const [target, states] of index.of(metric)) {
        const seconds = target.seconds(at);
        const isCurrent = target.newestAt === at;
        for (const state of states) this.add(groups, state, this.valueOf(state, seconds, isCurrent, over));
      }
      if (groups.size > 0)
        return [...groups.values()].map(({ labels, value, count }) => ({
          labels,
          value: this.vector.across === 'avg' ? value / count : value,
        }));
    }
    return [];
  }

  isShownBy(states: Iterable<SeriesState>): boolean {
    for (const state of states)
      if (this.vector.metrics.includes(state.metric) && state.value !== null && this.groupOf(state) !== false)
        return true;
    return false;
  }

  private add(groups: Map<string, Group>, state: SeriesState, value: number | null): void {
    if (value === null) return;
    const found = this.groupOf(state);
    if (found === false) return;
    const group = groups.get(found.key);
    if (group === undefined) groups.set(found.key, { labels: found.labels, value, count: 1 });
    else {
      group.value = combined(this.vector.across, group.value, value);
      group.count += 1;
    }
  }

  /** A gauge of a target that did not answer is stale, and nothing happened there since its last page; a rate goes on over its window. */
  private valueOf(
    { value, increase, step }: SeriesState,
    seconds: number | null,
    isCurrent: boolean,
    over: Over,
  ): number | null {
    if (over === 'step') return isCurrent ? step : null;
    if (this.vector.of === 'value') return isCurrent ? value : null;
    if (increase === null || seconds === null) return null;
    return this.vector.of === 'rate' ? increase / seconds : increase;
  }

  private groupOf(state: SeriesState): { key: string; labels: Record<string, string> } | false {
    let group = this.groups.get(state);
    if (group === undefined) {
      group = this.matches(state.labels) ? this.labelled(state.labels) : false;
      this.groups.set(state, group);
    }
    return group;
  }

  private labelled(all: Readonly<Record<string, string>>): { key: string; labels: Record<string, string> } {
    const labels: Record<string, string> = {};
    for (const label of this.labels) if ((all[label] ?? '') !== '') labels[label] = all[label] ?? '';
    return { key: JSON.stringify(labels), labels };
  }
}

/** The series of every target, by metric. */
class MetricIndex {
  private readonly byMetric = new Map<string, Map<TargetSeries, SeriesState[]>>();

  constructor(targets: readonly TargetSeries[], at: number) {
    for (const target of targets) {
      for (const state of target.states(at)) {
        let ofMetric = this.byMetric.get(state.metric);
        if (ofMetric === undefined) {
          ofMetric = new Map<TargetSeries, SeriesState[]>();
          this.byMetric.set(state.metric, ofMetric);
        }
        const states = ofMetric.get(target);
        if (states === undefined) ofMetric.set(target, [state]);
        else states.push(state);
      }
    }
  }

  of(metric: string): ReadonlyMap<TargetSeries, readonly SeriesState[]> {
    return this.byMetric.get(metric) ?? new Map<TargetSeries, SeriesState[]>();
  }
}

/** Reads the vectors of lines from the pages of targets, as PromQL would from a server that scraped them. */
export class PageVectors {
  private readonly readers = new Map<Vector, VectorReader>();
  /** What each line cannot do without. */
  private readonly needed: readonly { readonly vectors: readonly Vector[] }[];
  readonly metrics: ReadonlySet<string>;
  /** Those of them that only ever grow. */
  readonly counters: ReadonlySet<string>;

  constructor(lines: readonly SignalLine[]) {
    for (const line of lines)
      for (const vector of vectorsOf(line))
        this.readers.set(vector, new VectorReader(vector, vectorLabels(line)));
    this.metrics = new Set([...this.readers.keys()].flatMap(({ metrics }) => metrics));
    this.counters = new Set(
      [...this.readers.keys()].filter(({ of }) => of !== 'value').flatMap(({ metrics }) => metrics),
    );
    this.needed = lines
      .filter(({ isOptional }) => !isOptional)
      .map((line) => ({ vectors: neededVectors(line) }));
  }

  /** What each vector gives at this moment. */
  at(
    targets: readonly TargetSeries[],
    at: number,
    over: Over = 'window',
  ): (vector: Vector) => readonly LabelledValue[] {
    const index = new MetricIndex(targets, at);
    return (vector) => this.readers.get(vector)?.read(index, at, over) ?? [];
  }

  /** What a page should show and does not, as selectors. */
  missingFrom(target: TargetSeries, at: number): string[] {
    const states = [...target.states(at)];
    const missing = this.needed.flatMap(({ vectors }) =>
      vectors.filter((vector) => this.readers.get(vector)?.isShownBy(states) === false),
    );
    return [...new Set(missing.map(({ metrics, where }) => selector(metrics[0] ?? '', where)))];
  }
}

function combined(across: Vector['across'], a: number, b: number): number {
  switch (across) {
    case 'sum':
    case 'avg':
      return a + b;
    case 'max':
      return Math.max(a, b);
    case 'min':
      return Math.min(a, b);
  }
}
