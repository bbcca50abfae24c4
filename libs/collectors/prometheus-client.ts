import { PrometheusDriver, type QueryResult } from 'prometheus-query';
import { failureOfError, failureOfStatus, type FailureKind, type OutboundMetrics } from '#platform';
import type { Problem } from './metrics-source.js';

export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly at: number;
  /** NaN and the infinities as Prometheus gave them. */
  readonly value: number;
}

/** What a query gave. With `problems` the series are not all there is. */
export type QueryOutcome =
  | {
      readonly kind: 'answered';
      readonly series: readonly QueriedSeries[];
      readonly problems: readonly Problem[];
    }
  | { readonly kind: 'failed'; readonly problem: Problem };

export interface PrometheusClientOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** The label of the metrics about these calls. */
  readonly target: string;
}

/** An answer beyond this is no set of signals. Unmeasured. */
const MAX_ANSWER_BYTES = 16 * 1_024 * 1_024;
const DETAIL_CHARACTERS = 300;

/** What is kept of a response before the library sees it: it loses or misreads all of this. */
interface Seen {
  status: number | null;
  problems: Problem[];
}

/**
 * Instant queries through `prometheus-query`, one driver per query, with what version 3.5.1 gets wrong put right in
 * its interceptors: warnings are read from the body, where they are; infinities are rewritten as JavaScript
 * spells them; native histograms, which crash it, are taken out and named; the caller's signal really ends the request;
 * and whatever it throws, mostly plain objects, becomes one of the closed set of failures.
 */
export class PrometheusClient {
  constructor(
    private readonly options: PrometheusClientOptions,
    private readonly metrics: OutboundMetrics,
  ) {
    metrics.declare(options.target);
  }

  async query(query: string, at: number, signal: AbortSignal): Promise<QueryOutcome> {
    const seen: Seen = { status: null, problems: [] };
    const timeout = AbortSignal.timeout(this.options.timeoutMs);
    const stop = this.metrics.start(this.options.target);
    try {
      // A time of 0 would mean "now" to the library; Prometheus' own times have milliseconds.
      const result = await this.driver(seen, AbortSignal.any([signal, timeout])).instantQuery(
        query,
        new Date(at),
      );
      stop('success');
      return seriesOf(result, seen.problems);
    } catch (thrown) {
      const failed =
        signal.aborted || timeout.aborted
          ? { failure: 'timeout' as const, detail: `no answer within ${this.options.timeoutMs} ms` }
          : failureOf(thrown, seen);
      stop(failed.failure);
      return {
        kind: 'failed',
        problem: { reason: failed.failure, detail: `${failed.failure}: ${failed.detail}` },
      };
    }
  }

  private driver(seen: Seen, signal: AbortSignal): PrometheusDriver {
    return new PrometheusDriver({
      endpoint: this.options.url,
      headers: { 'user-agent': 'leeway', ...this.options.headers },
      timeout: this.options.timeoutMs,
      preferPost: true,
      requestInterceptor: {
        onFulfilled: (config) =>
          Object.assign(config, {
            signal,
            maxRedirects: 0,
            maxContentLength: MAX_ANSWER_BYTES,
            proxy: false as const,
          }),
      },
      responseInterceptor: {
        onFulfilled: (response) => {
          seen.status = response.status;
          repair(response.data as unknown, seen.problems);
          return response;
        },
        onRejected: (error: unknown) => {
          seen.status = statusOf(error);
          throw error;
        },
      },
    });
  }
}

/** Puts the body of a response into a shape that the library reads rightly, and notes what is missing from it. */
function repair(body: unknown, problems: Problem[]): void {
  if (!isObject(body)) return;
  for (const field of ['warnings', 'infos']) {
    const lines = body[field];
    if (Array.isArray(lines))
      problems.push(
        ...lines.map((line): Problem => ({
          reason: 'incomplete',
          detail: `Prometheus ${field === 'warnings' ? 'warns' : 'notes'}: ${String(line).slice(0, DETAIL_CHARACTERS)}`,
        })),
      );
  }
  const { data } = body;
  if (!isObject(data) || !Array.isArray(data['result'])) return;
  const result: unknown[] = data['result'];
  if (data['resultType'] === 'scalar') data['result'] = repairedPair(result);
  if (data['resultType'] !== 'vector') return;
  const series = result.filter(isObject);
  const plain = series.filter((each) => Array.isArray(each['value']));
  if (plain.length < series.length)
    problems.push({
      reason: 'unreadable',
      detail: `${series.length - plain.length} series are native histograms: use histogram_quantile or another function that gives numbers`,
    });
  for (const each of plain) each['value'] = repairedPair(each['value'] as unknown[]);
  data['result'] = plain;
}

/** `[time, "+Inf"]` as `[time, "Infinity"]`, which parseFloat understands. */
function repairedPair([time, value]: unknown[]): unknown[] {
  return [
    time,
    String(value).replace(/^([+-]?)Inf$/, (_, sign: string) => `${sign === '-' ? '-' : ''}Infinity`),
  ];
}

function seriesOf({ resultType, result }: QueryResult, problems: readonly Problem[]): QueryOutcome {
  switch (String(resultType)) {
    case 'vector':
      return {
        kind: 'answered',
        series: (result as VectorItem[]).map(({ metric, value }) => ({
          labels: { ...metric?.labels },
          at: value.time.getTime(),
          value: value.value,
        })),
        problems,
      };
    case 'scalar': {
      const [time, value] = result as [number, string];
      return {
        kind: 'answered',
        series: [{ labels: {}, at: time * 1_000, value: Number.parseFloat(value) }],
        problems,
      };
    }
    default:
      return {
        kind: 'failed',
        problem: {
          reason: 'unreadable',
          detail: `the query gives a ${String(resultType)}; it must give an instant vector or a scalar`,
        },
      };
  }
}

interface VectorItem {
  readonly metric: { readonly labels: Record<string, string> } | null;
  readonly value: { readonly time: Date; readonly value: number };
}

/** What the library threw: mostly a plain object, with the answer of Prometheus at `prometheus`, and often without a status. */
function failureOf(thrown: unknown, { status }: Seen): { failure: FailureKind; detail: string } {
  const { prometheus, code } = isObject(thrown) ? thrown : {};
  if (status === null) return failureOfError({ code });
  // A sign-on page, a proxy, or a shape that the library cannot read.
  if (status >= 200 && status < 300)
    return { failure: 'other', detail: `HTTP ${status}, but the answer is not one of the Prometheus API` };
  return {
    failure: failureOfStatus(status).failure,
    detail: withText(`HTTP ${status}`, prometheusError(prometheus)),
  };
}

function statusOf(error: unknown): number | null {
  const response = isObject(error) ? error['response'] : undefined;
  return isObject(response) && typeof response['status'] === 'number' ? response['status'] : null;
}

function prometheusError(body: unknown): string {
  return isObject(body)
    ? [body['errorType'], body['error']].filter((part) => typeof part === 'string').join(': ')
    : '';
}

function withText(prefix: string, text: string): string {
  return text === '' ? prefix : `${prefix}: ${text.slice(0, DETAIL_CHARACTERS)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
