import type { Agent } from 'node:https';
import { durationMs, type OutboundMetrics, type ResolveSecret } from '#platform';
import { accessHeaders, tlsAgent } from '../collector-access.js';
import { collectorLines } from '../collector-lines.js';
import type { CollectorMetrics } from '../collector-metrics.js';
import type { PrometheusSpec } from '../collector-schema.js';
import { countedLines, type CountedLines } from '../lines/counted-lines.js';
import { signalsOf, type SignalLine } from '../lines/line.js';
import type { LookBack } from '../lines/promql.js';
import { sampleOf } from '../lines/samples.js';
import {
  told,
  type CollectedSample,
  type Collection,
  type MetricsSource,
  type PastSource,
  type PastSpan,
  type Problem,
  type SignalProblem,
} from '../metrics-source.js';
import type { StepRange, StepsByVersion } from '../serving-steps.js';
import { inTurn } from './in-turn.js';
import { PrometheusClient, type RangeOutcome } from './prometheus-client.js';
import { prometheusCounts } from './prometheus-counts.js';
import { QueryPlan, type Answer, type PlannedQuery } from './query-plan.js';
import { SaturatedQueries } from './saturated-queries.js';

/** Queries at once: a server has 20 places by default, for everybody who asks. */
const QUERIES_AT_ONCE = 4;
/** Points of one range query, well below the server's limit of 11,000: an answer of many series has to be held whole. */
const POINTS_PER_QUERY = 500;

export interface PrometheusDeps {
  readonly metrics: OutboundMetrics;
  readonly collectorMetrics: CollectorMetrics;
  readonly resolveSecret: ResolveSecret;
}

type Read = { readonly query: PlannedQuery; readonly answer: Answer; readonly problems: readonly Problem[] };

/**
 * Asks a Prometheus server. A line of a preset is derived from the vectors that it reads, so quantiles know when they are beyond the
 * highest bucket; a query of the operator's own gives one sample for each series of its instant vector, with the series' labels. An
 * empty vector is "no data": a problem and no sample, never 0. NaN and the infinities are samples without a value.
 */
export class PrometheusSource implements MetricsSource {
  readonly past: PastSource;
  private readonly client: PrometheusClient;
  private readonly lines: readonly SignalLine[];
  private readonly lookBack: LookBack;
  private readonly plan: QueryPlan;
  private readonly saturated: SaturatedQueries;
  private readonly counted: CountedLines | null;

  /** @throws Error when the lines of the configuration do not fit together, or a certificate cannot be read */
  constructor(
    private readonly spec: PrometheusSpec,
    private readonly deps: PrometheusDeps,
  ) {
    this.client = prometheusClient(spec, deps);
    this.lines = collectorLines(spec);
    this.lookBack = lookBackOf(spec);
    this.plan = new QueryPlan(this.lines, this.lookBack);
    this.saturated = new SaturatedQueries(this.client);
    this.counted = countedLines(this.lines, spec.version ?? null);
    this.past = {
      backfillMs: durationMs(spec.backfill),
      collectPast: (span, signal, onlySignal) => this.collectPast(span, signal, onlySignal),
    };
    deps.collectorMetrics.declare(spec.name);
  }

  get name(): string {
    return this.spec.name;
  }

  async collect(at: number, signal: AbortSignal): Promise<Collection> {
    const reads = await inTurn(this.plan.queries, QUERIES_AT_ONCE, (query) => this.read(query, at, signal));
    const answers = new Map(reads.map(({ query, answer }) => [query.text, answer]));
    const problems = reads.flatMap((read) => this.about(this.plan, read));
    const samples: CollectedSample[] = [];
    for (const { line, values } of this.plan.results(answers)) {
      if (this.plan.isWithoutData(line, answers) && !isExcused(line, reads))
        problems.push({ reason: 'no-data', signals: signalsOf(line), detail: 'no data' });
      const bounds = await this.saturated.boundsOf(line, at, signal);
      for (const value of values) {
        samples.push(sampleOf(line, { ...value, isAtLeast: value.isAtLeast || bounds.has(value.value) }, at));
        if (!Number.isFinite(value.value))
          problems.push({
            ...{ reason: 'not-a-number', signals: [value.signal] },
            detail: `the value of ${JSON.stringify(value.labels)} is ${value.value}`,
          });
      }
    }
    const isSuccess = reads.some(({ answer }) => answer !== null);
    this.deps.collectorMetrics.record(this.name, at, isSuccess, problems);
    return { samples, ...told(problems) };
  }

  readCounts(versions: readonly string[], range: StepRange, signal: AbortSignal): Promise<StepsByVersion> {
    if (this.counted === null) return Promise.resolve(new Map());
    const what = { counted: this.counted, version: this.spec.version ?? null };
    return prometheusCounts(this.client, what, versions, range, signal);
  }

  private async read(query: PlannedQuery, at: number, signal: AbortSignal): Promise<Read> {
    const outcome = await this.client.query(query.text, at, signal);
    if (outcome.kind === 'failed') return { query, answer: null, problems: [outcome.problem] };
    const tooMany = tooManySeries(query, outcome.series.length);
    return tooMany === null
      ? { query, answer: outcome.series, problems: outcome.problems }
      : { query, answer: null, problems: [tooMany] };
  }

  /** The problems of a query, with the signals that it is for. */
  private about(plan: QueryPlan, { query, problems }: Pick<Read, 'query' | 'problems'>): SignalProblem[] {
    return problems.map((problem) => ({ ...problem, signals: plan.signalsFor(query.text) }));
  }

  private async *collectPast(
    { from, to, stepMs }: PastSpan,
    signal: AbortSignal,
    onlySignal?: string,
  ): AsyncIterable<Collection> {
    const plan =
      onlySignal === undefined
        ? this.plan
        : new QueryPlan(
            this.lines.filter((line) => signalsOf(line).includes(onlySignal)),
            this.lookBack,
          );
    for (let start = from; start <= to && !signal.aborted; start += POINTS_PER_QUERY * stepMs) {
      const piece = { from: start, to: Math.min(to, start + (POINTS_PER_QUERY - 1) * stepMs), stepMs };
      const { samples, ...rest } = await this.collectPiece(plan, piece, signal);
      yield {
        ...rest,
        samples:
          onlySignal === undefined ? samples : samples.filter((sample) => sample.signal === onlySignal),
      };
    }
  }

  private async collectPiece(plan: QueryPlan, span: PastSpan, signal: AbortSignal): Promise<Collection> {
    const reads = await inTurn(plan.queries, QUERIES_AT_ONCE, async (query) => ({
      query,
      ...answersOverTime(query, await this.client.queryRange(query.text, span, signal)),
    }));
    const samples: CollectedSample[] = [];
    for (let at = span.from; at <= span.to; at += span.stepMs) {
      const answers = new Map(
        reads.map(({ query, at: byTime }) => [query.text, byTime === null ? null : (byTime.get(at) ?? [])]),
      );
      for (const { line, values } of plan.results(answers))
        samples.push(...values.map((value) => sampleOf(line, value, at)));
    }
    return { samples, ...told(reads.flatMap((read) => this.about(plan, read))) };
  }
}

/** What the queries of a collector look back on. */
export function lookBackOf({
  rateWindow,
  staleAfter,
}: Pick<PrometheusSpec, 'rateWindow' | 'staleAfter'>): LookBack {
  return {
    windowMs: durationMs(rateWindow),
    staleAfterMs: staleAfter === undefined ? null : durationMs(staleAfter),
  };
}

/** A client with the address and the identity of a collector's configuration. @throws Error when a certificate cannot be read */
export function prometheusClient(
  spec: Pick<
    PrometheusSpec,
    'name' | 'url' | 'headers' | 'bearerToken' | 'basicAuth' | 'tls' | 'timeout' | 'staleAfter'
  >,
  { metrics, resolveSecret }: Pick<PrometheusDeps, 'metrics' | 'resolveSecret'>,
): PrometheusClient {
  const agent: Agent | null = spec.tls === undefined ? null : tlsAgent(spec.tls);
  return new PrometheusClient(
    {
      urls: [spec.url].flat(),
      headers: () => accessHeaders(spec, resolveSecret),
      timeoutMs: durationMs(spec.timeout),
      target: `collector:${spec.name}`,
      lookBackMs: spec.staleAfter === undefined ? null : durationMs(spec.staleAfter),
      agent,
    },
    metrics,
  );
}

/** A query of the operator's own that came with a warning has said already why it may be empty. */
function isExcused({ reading }: SignalLine, reads: readonly Read[]): boolean {
  return (
    reading.kind === 'promql' &&
    reads.some(({ query, problems }) => query.text === reading.query && problems.length > 0)
  );
}

function tooManySeries({ maxSeries }: PlannedQuery, count: number): Problem | null {
  return count <= maxSeries
    ? null
    : {
        reason: 'incomplete',
        detail: `the query gives ${count} series and at most ${maxSeries} are read: aggregate it`,
      };
}

/** The answer at each moment of a range: null when there is none at all. */
function answersOverTime(
  query: PlannedQuery,
  outcome: RangeOutcome,
): { at: ReadonlyMap<number, Answer> | null; problems: readonly Problem[] } {
  if (outcome.kind === 'failed') return { at: null, problems: [outcome.problem] };
  const tooMany = tooManySeries(query, outcome.series.length);
  if (tooMany !== null) return { at: null, problems: [tooMany] };
  const at = new Map<number, { labels: Readonly<Record<string, string>>; value: number }[]>();
  for (const { labels, points } of outcome.series) {
    for (const [time, value] of points) {
      const values = at.get(time);
      if (values === undefined) at.set(time, [{ labels, value }]);
      else values.push({ labels, value });
    }
  }
  return { at, problems: outcome.problems };
}
