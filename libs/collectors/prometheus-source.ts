import { durationMs, type OutboundMetrics } from '#platform';
import type { CollectorMetrics } from './collector-metrics.js';
import type { PrometheusSpec } from './collector-schema.js';
import type { CollectedSample, Collection, MetricsSource, Problem } from './metrics-source.js';
import { PrometheusClient, type QueriedSeries, type QueryOutcome } from './prometheus-client.js';

type Query = PrometheusSpec['queries'][number];

/** More series than this is a query without an aggregation; each one would become a signal. */
const MAX_SERIES_PER_QUERY = 1_000;

export interface PrometheusDeps {
  readonly metrics: OutboundMetrics;
  readonly collectorMetrics: CollectorMetrics;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Asks a Prometheus server. Each series of a query's instant vector is one sample with the series' own labels. An empty
 * vector is "no data": a problem and no sample, never 0. NaN and the infinities are samples without a value.
 */
export class PrometheusSource implements MetricsSource {
  private readonly client: PrometheusClient;

  constructor(
    private readonly spec: PrometheusSpec,
    private readonly deps: PrometheusDeps,
  ) {
    const options = {
      url: spec.url,
      headers: deps.headers ?? {},
      timeoutMs: durationMs(spec.timeout),
      target: `collector:${spec.name}`,
    };
    this.client = new PrometheusClient(options, deps.metrics);
    deps.collectorMetrics.declare(spec.name);
  }

  get name(): string {
    return this.spec.name;
  }

  async collect(at: number, signal: AbortSignal): Promise<Collection> {
    const outcomes = await Promise.all(
      this.spec.queries.map(async (query) => ({
        query,
        outcome: await this.client.query(query.query, at, signal),
      })),
    );
    const read = outcomes.map(({ query, outcome }) => readOutcome(query, outcome, at));
    const problems = read.flatMap((each) => each.problems);
    this.deps.collectorMetrics.record(
      this.name,
      at,
      outcomes.some(({ outcome }) => outcome.kind === 'answered'),
      problems,
    );
    return {
      samples: read.flatMap(({ samples }) => samples),
      problems: problems.map(({ detail }) => detail),
    };
  }
}

function readOutcome(
  query: Query,
  outcome: QueryOutcome,
  at: number,
): { samples: CollectedSample[]; problems: Problem[] } {
  const about = ({ reason, detail }: Problem): Problem => ({ reason, detail: `${query.signal}: ${detail}` });
  if (outcome.kind === 'failed') return { samples: [], problems: [about(outcome.problem)] };
  const { series, problems } = outcome;
  if (series.length === 0 && problems.length === 0)
    return { samples: [], problems: [about({ reason: 'no-data', detail: 'no data' })] };
  if (series.length > MAX_SERIES_PER_QUERY) {
    return {
      samples: [],
      problems: [
        about({
          reason: 'incomplete',
          detail: `the query gives ${series.length} series and at most ${MAX_SERIES_PER_QUERY} are read: aggregate it`,
        }),
      ],
    };
  }
  const samples = series.map((each) => sampleOf(query, each, at));
  const unmeasured = series
    .filter(({ value }) => !Number.isFinite(value))
    .map(({ labels, value }): Problem => ({
      reason: 'not-a-number',
      detail: `the value of ${JSON.stringify(labels)} is ${value}`,
    }));
  return { samples, problems: [...problems, ...unmeasured].map(about) };
}

function sampleOf({ signal, unit }: Query, { labels, value }: QueriedSeries, at: number): CollectedSample {
  return { signal, labels, unit, at, value: Number.isFinite(value) ? value : null };
}
