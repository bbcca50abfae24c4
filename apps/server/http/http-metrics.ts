import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';
import { ERROR_CODES, type ErrorCode } from '#platform';

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Times requests by route pattern, so that ids in paths do not become labels; counts answers that are problems by their code. */
export class HttpMetrics {
  private readonly duration: Histogram<'method' | 'route' | 'status'>;
  private readonly errors: Counter<'code'>;

  constructor(registry: Registry) {
    this.duration = new Histogram({
      name: 'leeway_http_request_duration_seconds',
      help: 'Duration of HTTP requests, by route and status.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [registry],
    });
    this.errors = new Counter({
      name: 'leeway_http_errors_total',
      help: 'Requests that were answered with a problem, by its code.',
      labelNames: ['code'],
      registers: [registry],
    });
    for (const code of ERROR_CODES) this.errors.inc({ code }, 0);
  }

  countError(code: ErrorCode): void {
    this.errors.inc({ code });
  }

  install(fastify: FastifyInstance): void {
    fastify.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'unknown';
      this.duration.observe(
        { method: request.method, route, status: String(reply.statusCode) },
        reply.elapsedTime / 1_000,
      );
      done();
    });
  }
}
