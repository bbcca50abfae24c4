import { callOutbound, durationMs, type OutboundDeps } from '#platform';
import type { CollectorMetrics } from './collector-metrics.js';
import type { ScrapeSpec } from './collector-schema.js';
import { CounterWindow } from './counter-window.js';
import { ExpositionError, expositionFormat, parseExposition, type ExposedSample } from './exposition.js';
import type { Collection, MetricsSource, Problem } from './metrics-source.js';
import {
  latencyReadings,
  requestReadings,
  servingSignals,
  summedRates,
  type Readings,
} from './serving-signals.js';

/** A page beyond this is not the page of one serving process. Unmeasured: the largest in contracts.md's list have about 2 MB. */
const MAX_PAGE_BYTES = 16 * 1_024 * 1_024;
/** As Prometheus' default; a round that is longer than its interval delays the next. */
const MAX_SCRAPE_TIMEOUT_MS = 10_000;
const MIN_SCRAPE_TIMEOUT_MS = 1_000;
const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

interface Target {
  readonly url: string;
  readonly latency: CounterWindow;
  readonly requests: CounterWindow;
}

export interface ScrapeDeps extends OutboundDeps {
  readonly collectorMetrics: CollectorMetrics;
  readonly headers?: Readonly<Record<string, string>>;
}

type Page = { readonly samples: ExposedSample[] } | { readonly problem: Problem };

/**
 * Scrapes the /metrics pages of the processes that serve a model, and derives latency quantiles, error ratios and
 * throughput over its rate window. Rates of all targets are added up before anything is derived from them. What the
 * window needs is kept in memory: after a start, samples come from the second scrape on.
 */
export class ScrapeSource implements MetricsSource {
  private readonly targets: readonly Target[];
  private readonly outboundTarget: string;

  constructor(
    private readonly spec: ScrapeSpec,
    private readonly deps: ScrapeDeps,
  ) {
    const windowMs = durationMs(spec.rateWindow);
    this.targets = spec.targets.map((url) => ({
      url,
      latency: new CounterWindow(windowMs),
      requests: new CounterWindow(windowMs),
    }));
    this.outboundTarget = `collector:${spec.name}`;
    deps.metrics.declare(this.outboundTarget);
    deps.collectorMetrics.declare(spec.name);
  }

  get name(): string {
    return this.spec.name;
  }

  async collect(at: number, signal: AbortSignal): Promise<Collection> {
    const pages = await Promise.all(this.targets.map((target) => this.scrape(target, signal)));
    const problems: Problem[] = [];
    let isSuccess = false;
    for (const [index, target] of this.targets.entries()) {
      const page = pages[index];
      if (page === undefined) continue;
      if ('problem' in page) problems.push(page.problem);
      else {
        isSuccess = true;
        problems.push(...this.remember(target, page.samples, at));
      }
    }
    const samples = isSuccess ? this.samples(at) : [];
    this.deps.collectorMetrics.record(this.name, at, isSuccess, problems);
    return { samples, problems: problems.map(({ detail }) => detail) };
  }

  private samples(at: number): Collection['samples'] {
    const rates = {
      latency: summedRates(this.targets.map(({ latency }) => latency.rates(at))),
      requests: summedRates(this.targets.map(({ requests }) => requests.rates(at))),
    };
    return servingSignals(rates, this.spec.latency?.quantiles ?? [], this.spec.matchers, at);
  }

  private remember(target: Target, page: readonly ExposedSample[], at: number): Problem[] {
    const { latency, requests, matchers } = this.spec;
    const read: { window: CounterWindow; metric: string; found: Readings }[] = [];
    if (latency !== undefined) {
      const found = latencyReadings(
        page,
        latency.metric,
        latency.unit === 'milliseconds' ? 0.001 : 1,
        matchers,
      );
      read.push({ window: target.latency, metric: latency.metric, found });
    }
    if (requests !== undefined) {
      read.push({
        window: target.requests,
        metric: requests.metric,
        found: requestReadings(page, requests.metric, requests.statusLabel, matchers),
      });
    }
    return read.flatMap(({ window, metric, found }) => {
      window.add(at, found.readings);
      const isEmpty = found.readings.length === 0 && found.problems.length === 0;
      const problems: Problem[] = isEmpty
        ? [
            {
              reason: 'no-data',
              detail: `no data: no series of ${metric} matches ${JSON.stringify(matchers)}`,
            },
          ]
        : found.problems;
      return problems.map(({ reason, detail }) => ({ reason, detail: `${target.url}: ${detail}` }));
    });
  }

  private async scrape({ url }: Target, signal: AbortSignal): Promise<Page> {
    const timeoutMs = Math.min(
      Math.max(durationMs(this.spec.interval), MIN_SCRAPE_TIMEOUT_MS),
      MAX_SCRAPE_TIMEOUT_MS,
    );
    const call = {
      target: this.outboundTarget,
      url,
      headers: { accept: ACCEPT, ...this.deps.headers },
      timeoutMs,
      maxResponseBytes: MAX_PAGE_BYTES,
    };
    const result = await callOutbound(call, this.deps, signal);
    if (result.kind === 'failed')
      return { problem: { reason: result.failure, detail: `${url}: ${result.failure}: ${result.detail}` } };
    if (result.isTruncated)
      return {
        problem: { reason: 'unreadable', detail: `${url}: the page has more than ${MAX_PAGE_BYTES} bytes` },
      };
    try {
      return { samples: parseExposition(result.text, expositionFormat(result.headers.get('content-type'))) };
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
      return { problem: { reason: 'unreadable', detail: `${url}: ${error.message}` } };
    }
  }
}
