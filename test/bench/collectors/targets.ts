/**
 * Serving processes as FastAPI with prometheus-fastapi-instrumentator shows them, all in one process: `/<number>/metrics` is the page
 * of one. Pages grow with the time, at two requests a second.
 */
import { createServer } from 'node:http';

const ENDPOINTS = ['/predict', '/explain', '/batch'];
const HIGH_RESOLUTION = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60,
];
const LOW_RESOLUTION = [0.1, 0.5, 1];
const startedAt = Date.now() - 600_000;

/** Cumulative buckets of calls whose time is spread evenly up to two seconds. */
function histogram(name: string, labels: string, bounds: readonly number[], calls: number): string[] {
  const comma = labels === '' ? '' : ',';
  return [
    `# HELP ${name} Latency`,
    `# TYPE ${name} histogram`,
    ...bounds.map(
      (le) => `${name}_bucket{le="${le}"${comma}${labels}} ${Math.floor(calls * Math.min(1, le / 2))}.0`,
    ),
    `${name}_bucket{le="+Inf"${comma}${labels}} ${calls}.0`,
    `${name}_count{${labels}} ${calls}.0`,
    `${name}_sum{${labels}} ${calls}.0`,
  ];
}

function page(target: number): string {
  const calls = Math.floor(((Date.now() - startedAt) / 500) * (1 + (target % 5) / 5));
  const lines = [
    // What the Python client shows besides: nobody asks for it, and it is read past.
    ...Array.from(
      { length: 30 },
      (_, index) => `python_gc_objects_collected_total{generation="${index}"} ${index * 37}.0`,
    ),
    ...histogram('http_request_duration_highr_seconds', '', HIGH_RESOLUTION, calls * ENDPOINTS.length),
    ...ENDPOINTS.flatMap((handler) => [
      ...histogram(
        'http_request_duration_seconds',
        `handler="${handler}",method="POST"`,
        LOW_RESOLUTION,
        calls,
      ),
      ...[
        ['2xx', 0.9],
        ['4xx', 0.08],
        ['5xx', 0.02],
      ].map(
        ([status, share]) =>
          `http_requests_total{handler="${handler}",method="POST",status="${status}"} ${Math.floor(calls * Number(share))}.0`,
      ),
      `http_requests_inprogress{handler="${handler}",method="POST"} ${target % 4}.0`,
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
  response.end(page(Number(request.url?.split('/')[1])));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env['TARGETS_PORT']), '127.0.0.1', () => console.log('targets are ready'));
