import { Counter, Histogram, Registry } from 'prom-client';

/**
 * Upper bounds in seconds. Fine around the latencies that matter here: a quantile is interpolated inside a bucket, so a
 * bucket of 25 ms gives a p99 that is right to 25 ms.
 */
const BUCKETS = [
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  ...Array.from({ length: 24 }, (_, step) => 0.125 + step * 0.025),
  0.8,
  1,
  1.5,
  2.5,
  5,
  10,
];

type RequestLabel = 'handler' | 'method' | 'status';

/** What a service tells Prometheus of its requests: how long they took, and how they ended. */
export class RequestMetrics {
  private readonly registry = new Registry();
  private readonly duration: Histogram<RequestLabel>;
  private readonly total: Counter<RequestLabel>;

  constructor() {
    const common = { labelNames: ['handler', 'method', 'status'] as const, registers: [this.registry] };
    this.duration = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of HTTP requests.',
      buckets: BUCKETS,
      ...common,
    });
    this.total = new Counter({
      name: 'http_requests_total',
      help: 'HTTP requests by how they ended.',
      ...common,
    });
  }

  record(labels: { handler: string; method: string; status: string }, seconds: number): void {
    this.duration.observe(labels, seconds);
    this.total.inc(labels);
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  exposition(): Promise<string> {
    return this.registry.metrics();
  }
}
