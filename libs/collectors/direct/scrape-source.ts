import { callOutbound, durationMs, messageOf, type OutboundDeps, type ResolveSecret } from '#platform';
import { accessHeaders } from '../collector-access.js';
import { collectorLines } from '../collector-lines.js';
import type { CollectorMetrics } from '../collector-metrics.js';
import type { ScrapeSpec } from '../collector-schema.js';
import { countedLines, servingCounts, type CountedLines, type CountedRound } from '../lines/counted-lines.js';
import { derive } from '../lines/derive.js';
import type { SignalLine } from '../lines/line.js';
import { sampleOf } from '../lines/samples.js';
import { told, type Collection, type MetricsSource, type Problem } from '../metrics-source.js';
import { ExpositionError, expositionFormat, parseExposition, type ExposedSample } from './exposition.js';
import { PageVectors } from './page-vectors.js';
import { TargetSeries } from './target-series.js';

/** A page beyond this is not the page of one serving process. Unmeasured: the largest in contracts.md's list have about 2 MB. */
const MAX_PAGE_BYTES = 16 * 1_024 * 1_024;
/** As Prometheus' default; a round that is longer than its interval delays the next. */
const MAX_SCRAPE_TIMEOUT_MS = 10_000;
const MIN_SCRAPE_TIMEOUT_MS = 1_000;
const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

interface Target {
  readonly url: string;
  /** Host and port, as Prometheus names a target. */
  readonly instance: string;
  readonly series: TargetSeries;
}

export interface ScrapeDeps extends OutboundDeps {
  readonly collectorMetrics: CollectorMetrics;
  readonly resolveSecret: ResolveSecret;
}

type Page = { readonly samples: ExposedSample[] } | { readonly problem: Problem };

/**
 * Scrapes the /metrics pages of the processes that serve a model, and derives its lines over its rate window. What all targets show is
 * added up before anything is derived from it. What the window needs is kept in memory: after a start, rates come from the second
 * scrape on.
 */
export class ScrapeSource implements MetricsSource {
  private readonly targets: readonly Target[];
  private readonly lines: readonly SignalLine[];
  private readonly vectors: PageVectors;
  private readonly counted: CountedLines | null;
  private readonly outboundTarget: string;

  /** @throws Error when the lines of the configuration do not fit together */
  constructor(
    private readonly spec: ScrapeSpec,
    private readonly deps: ScrapeDeps,
  ) {
    const windowMs = durationMs(spec.rateWindow);
    this.targets = spec.targets.map((url) => ({
      url,
      instance: new URL(url).host,
      series: new TargetSeries(windowMs),
    }));
    // A line of PromQL has nobody to answer it here; docs/collectors.md says which those are.
    this.lines = collectorLines(spec).filter(({ reading }) => reading.kind !== 'promql');
    this.vectors = new PageVectors(this.lines);
    this.counted = countedLines(this.lines, spec.version ?? null);
    this.outboundTarget = `collector:${spec.name}`;
    deps.metrics.declare(this.outboundTarget);
    deps.collectorMetrics.declare(spec.name);
  }

  get name(): string {
    return this.spec.name;
  }

  async collect(at: number, signal: AbortSignal): Promise<Collection> {
    const headers = this.headers();
    const pages =
      'problem' in headers
        ? this.targets.map(() => headers)
        : await Promise.all(this.targets.map((target) => this.scrape(target, headers.headers, signal)));
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
    const counted = isSuccess ? this.countedSince(at) : [];
    return {
      samples,
      ...told(problems.map((problem) => ({ ...problem, signals: [] }))),
      ...(counted.length > 0 ? { counted } : {}),
    };
  }

  private countedSince(at: number): CountedRound[] {
    if (this.counted === null) return [];
    const read = this.vectors.at(
      this.targets.map(({ series }) => series),
      at,
      'step',
    );
    const counts = servingCounts(this.counted, this.spec.version ?? null, read);
    return [...counts].map(([version, each]) => ({ version, counts: each }));
  }

  private samples(at: number): Collection['samples'] {
    const read = this.vectors.at(
      this.targets.map(({ series }) => series),
      at,
    );
    return this.lines.flatMap((line) => derive(line, read).map((value) => sampleOf(line, value, at)));
  }

  private remember({ url, instance, series }: Target, page: readonly ExposedSample[], at: number): Problem[] {
    const problems: Problem[] = [];
    const usable: ExposedSample[] = [];
    for (const sample of page) {
      const isCounter = this.vectors.counters.has(sample.name);
      // Gauges and summaries may be NaN before their first event; a counter never is, nor is it negative.
      if (Number.isFinite(sample.value) && !(isCounter && sample.value < 0))
        usable.push({ ...sample, labels: { instance, ...sample.labels } });
      else if (isCounter)
        problems.push({
          reason: 'not-a-number',
          detail: `${url}: ${sample.name} is ${sample.value}, which no counter can be`,
        });
    }
    series.add(at, usable);
    const missing = this.vectors.missingFrom(series, at);
    if (missing.length > 0)
      problems.push({
        reason: 'no-data',
        detail: `${url}: no data: there is no ${missing.join(', ')}`,
      });
    return problems;
  }

  private headers(): { headers: Record<string, string> } | { problem: Problem } {
    try {
      return { headers: { accept: ACCEPT, ...accessHeaders(this.spec, this.deps.resolveSecret) } };
    } catch (error) {
      return { problem: { reason: 'auth', detail: `auth: ${messageOf(error)}` } };
    }
  }

  private async scrape(
    { url }: Target,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Page> {
    const timeoutMs = Math.min(
      Math.max(durationMs(this.spec.interval), MIN_SCRAPE_TIMEOUT_MS),
      MAX_SCRAPE_TIMEOUT_MS,
    );
    const call = {
      ...{ target: this.outboundTarget, url, headers, timeoutMs },
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
      const format = expositionFormat(result.headers.get('content-type'));
      return { samples: parseExposition(result.text, format, this.vectors.metrics) };
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
      return { problem: { reason: 'unreadable', detail: `${url}: ${error.message}` } };
    }
  }
}
