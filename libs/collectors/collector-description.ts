import { collectorLines } from './collector-lines.js';
import type { CollectorSpec } from './collector-schema.js';
import { lineQueries } from './lines/promql.js';
import { lookBackOf } from './prometheus/prometheus-source.js';

/** A collector as people see it. */
export interface CollectorDescription {
  readonly name: string;
  readonly kind: CollectorSpec['kind'];
  readonly model: string;
  readonly interval: string;
  /** The servers or pages that it reads. */
  readonly from: readonly string[];
  /** Each signal with the PromQL that gives the same number; null for what a scrape cannot read. */
  readonly signals: readonly {
    readonly signal: string;
    readonly unit: string;
    readonly query: string | null;
  }[];
}

/** What a collector reads, signal by signal. @throws Error when its lines do not fit together */
export function describeCollector(spec: CollectorSpec): CollectorDescription {
  const { name, kind, model, interval } = spec;
  const lookBack = lookBackOf(spec.kind === 'prometheus' ? spec : { rateWindow: spec.rateWindow });
  const signals = collectorLines(spec).flatMap((line) =>
    lineQueries(line, lookBack).map(({ signal, query }) => ({
      ...{ signal, unit: line.unit },
      query: kind === 'scrape' && line.reading.kind === 'promql' ? null : query,
    })),
  );
  const from = spec.kind === 'prometheus' ? [spec.url].flat() : spec.targets;
  return { name, kind, model, interval, from: from.map(withoutSecrets), signals };
}

/** A URL may carry a password. */
function withoutSecrets(url: string): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.toString();
}
