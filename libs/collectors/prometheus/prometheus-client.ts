import type { Agent } from 'node:https';
import { PrometheusDriver, type QueryResult } from 'prometheus-query';
import {
  failureOfError,
  failureOfStatus,
  messageOf,
  type FailureKind,
  type OutboundMetrics,
} from '#platform';
import type { Problem } from '../metrics-source.js';

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

/** A series over time: instant in epoch milliseconds, value. */
export interface QueriedRange {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, number])[];
}

export type RangeOutcome =
  | {
      readonly kind: 'answered';
      readonly series: readonly QueriedRange[];
      readonly problems: readonly Problem[];
    }
  | { readonly kind: 'failed'; readonly problem: Problem };

export interface QueryRange {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}

export interface PrometheusClientOptions {
  /** Servers that hold the same data; the first that answers is asked. */
  readonly urls: readonly string[];
  /** The headers of a request, with the secrets as they are now. @throws Error */
  readonly headers: () => Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** The label of the metrics about these calls. */
  readonly target: string;
  /** How far back a sample may be; the server's own when null. Servers before Prometheus 2.44 do not know it and look back as they do. */
  readonly lookBackMs: number | null;
  readonly agent: Agent | null;
}

/** An answer beyond this is no set of signals. Unmeasured. */
const MAX_ANSWER_BYTES = 16 * 1_024 * 1_024;
const DETAIL_CHARACTERS = 300;

/** What is kept of a response before the library sees it: it loses or misreads all of this. */
interface Seen {
  status: number | null;
  problems: Problem[];
}

type Failed = { readonly kind: 'failed'; readonly problem: Problem };
type Asked<T> =
  { readonly kind: 'answered'; readonly answer: T; readonly problems: readonly Problem[] } | Failed;

/** Failures of a server, not of the question: another server may do better. */
const PASSED_ON: readonly FailureKind[] = ['timeout', 'network', 'server', 'rate-limited'];

/**
 * Queries through `prometheus-query`, one driver per query, with what version 3.5.1 gets wrong put right in
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

  /** What a query gives at one moment. */
  async query(query: string, at: number, signal: AbortSignal): Promise<QueryOutcome> {
    // A time of 0 would mean "now" to the library; Prometheus' own times have milliseconds.
    const asked = await this.ask((driver) => driver.instantQuery(query, new Date(at)), signal);
    return asked.kind === 'failed' ? asked : seriesOf(asked.answer, asked.problems);
  }

  /** What it gives from `from` to `to`, both included, each step. At most 11,000 points: the caller divides longer ranges. */
  async queryRange(
    query: string,
    { from, to, stepMs }: QueryRange,
    signal: AbortSignal,
  ): Promise<RangeOutcome> {
    const asked = await this.ask(
      (driver) => driver.rangeQuery(query, new Date(from), new Date(to), stepMs / 1_000),
      signal,
    );
    return asked.kind === 'failed' ? asked : rangesOf(asked.answer, asked.problems);
  }

  /** The values of a label among the series that match, at most `limit` where the server knows limits. */
  async labelValues(label: string, selector: string, signal: AbortSignal): Promise<Asked<readonly string[]>> {
    const asked = await this.ask<unknown>((driver) => driver.labelValues(label, [selector]), signal);
    if (asked.kind === 'failed') return asked;
    const values = Array.isArray(asked.answer)
      ? asked.answer.filter((value) => typeof value === 'string')
      : [];
    return { ...asked, answer: values };
  }

  private async ask<T>(
    send: (driver: PrometheusDriver) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Asked<T>> {
    let last: Failed | null = null;
    for (const url of this.options.urls) {
      const asked = await this.askOne(url, send, signal);
      if (asked.kind === 'answered') return asked;
      last = asked;
      if (signal.aborted || !PASSED_ON.some((reason) => reason === asked.problem.reason)) return asked;
    }
    return last ?? { kind: 'failed', problem: { reason: 'other', detail: 'there is no server to ask' } };
  }

  private async askOne<T>(
    url: string,
    send: (driver: PrometheusDriver) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Asked<T>> {
    const seen: Seen = { status: null, problems: [] };
    const timeout = AbortSignal.timeout(this.options.timeoutMs);
    const stop = this.metrics.start(this.options.target);
    const fail = (reason: FailureKind, detail: string): Failed => {
      stop(reason);
      return { kind: 'failed', problem: { reason, detail: `${reason}: ${detail}` } };
    };
    let headers: Readonly<Record<string, string>>;
    try {
      headers = this.options.headers();
    } catch (error) {
      return fail('auth', messageOf(error));
    }
    try {
      const answer = await send(this.driver(url, headers, seen, AbortSignal.any([signal, timeout])));
      stop('success');
      return { kind: 'answered', answer, problems: seen.problems };
    } catch (thrown) {
      if (signal.aborted || timeout.aborted)
        return fail('timeout', `no answer within ${this.options.timeoutMs} ms`);
      const { failure, detail } = failureOf(thrown, seen);
      return fail(failure, detail);
    }
  }

  private driver(
    url: string,
    headers: Readonly<Record<string, string>>,
    seen: Seen,
    signal: AbortSignal,
  ): PrometheusDriver {
    const { timeoutMs, lookBackMs, agent } = this.options;
    return new PrometheusDriver({
      endpoint: url.replace(/\/+$/, ''),
      headers: { 'user-agent': 'leeway', ...headers },
      timeout: timeoutMs,
      preferPost: true,
      requestInterceptor: {
        onFulfilled: (config) => {
          const body: unknown = config.data;
          if (lookBackMs !== null && body instanceof URLSearchParams)
            body.set('lookback_delta', String(lookBackMs / 1_000));
          return Object.assign(config, {
            ...{ signal, maxRedirects: 0, maxContentLength: MAX_ANSWER_BYTES, proxy: false as const },
            ...(agent === null ? {} : { httpsAgent: agent }),
          });
        },
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
  if (data['resultType'] !== 'vector' && data['resultType'] !== 'matrix') return;
  const series = result.filter(isObject);
  const plain = series.filter((each) => Array.isArray(each['value']) || Array.isArray(each['values']));
  if (plain.length < series.length)
    problems.push({
      reason: 'unreadable',
      detail: `${series.length - plain.length} series are native histograms: use histogram_quantile or another function that gives numbers`,
    });
  for (const each of plain) {
    if (Array.isArray(each['value'])) each['value'] = repairedPair(each['value']);
    if (Array.isArray(each['values'])) each['values'] = (each['values'] as unknown[][]).map(repairedPair);
  }
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

function rangesOf({ resultType, result }: QueryResult, problems: readonly Problem[]): RangeOutcome {
  if (String(resultType) !== 'matrix')
    return {
      kind: 'failed',
      problem: { reason: 'unreadable', detail: `the range gives a ${String(resultType)}, not a matrix` },
    };
  return {
    kind: 'answered',
    series: (result as RangeItem[]).map(({ metric, values }) => ({
      labels: { ...metric?.labels },
      points: values.map(({ time, value }) => [time.getTime(), value] as const),
    })),
    problems,
  };
}

interface RangeItem {
  readonly metric: { readonly labels: Record<string, string> } | null;
  readonly values: readonly { readonly time: Date; readonly value: number }[];
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
