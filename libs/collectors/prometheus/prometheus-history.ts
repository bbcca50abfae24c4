import {
  labelsKey,
  labelTest,
  type HistorySource,
  type HistorySpan,
  type SignalSelector,
  type SourceHistory,
} from '#signals';
import type { PastSource } from '../metrics-source.js';

interface GrowingSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly source: string;
  readonly samples: [string, number | null][];
  readonly atLeastAt: string[];
}

/** Whose signals they are, as the collector would have written them. */
export interface HistoryOwner {
  readonly name: string;
  readonly model: string;
  readonly version: string | null;
}

/** The history of a collector's signals as its Prometheus remembers it: longer and finer than what Leeway stores. */
export class PrometheusHistory implements HistorySource {
  constructor(
    private readonly past: PastSource,
    private readonly owner: HistoryOwner,
  ) {}

  async history(selector: SignalSelector, span: HistorySpan, signal: AbortSignal): Promise<SourceHistory> {
    const { name: collector, model, version } = this.owner;
    if (selector.model !== null && selector.model !== model) return { series: [], problems: [] };
    const meets = labelTest(selector.conditions ?? []);
    const wanted = Object.entries(selector.matchers);
    const series = new Map<string, GrowingSeries>();
    const problems = new Set<string>();
    for await (const piece of this.past.collectPast(span, signal, selector.name)) {
      for (const problem of piece.problems) problems.add(problem);
      for (const { signal: name, labels: own, unit, at, value, isAtLeast } of piece.samples) {
        const labels: Record<string, string> = {
          ...{ ...(version === null ? {} : { version }), ...own },
          ...{ collector, model },
        };
        if (!meets(labels) || !wanted.every(([label, each]) => labels[label] === each)) continue;
        const key = labelsKey(labels);
        let one = series.get(key);
        if (one === undefined) {
          one = { name, labels, unit, source: `collector:${collector}`, samples: [], atLeastAt: [] };
          series.set(key, one);
        }
        const instant = new Date(at).toISOString();
        one.samples.push([instant, value]);
        if (isAtLeast === true) one.atLeastAt.push(instant);
      }
    }
    const found = [...series.values()].map(({ atLeastAt, ...rest }) =>
      atLeastAt.length === 0 ? rest : { ...rest, atLeastAt },
    );
    return { series: found, problems: [...problems] };
  }
}
