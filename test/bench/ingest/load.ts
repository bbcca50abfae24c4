/**
 * A load generator of one process: keep-alive connections, each with one request under way. Written for this benchmark because
 * HTTP clients cost more than the server that they measure.
 *
 * Its parent sends one `LoadOrder`; it answers with one `LoadResult`.
 */
import { connect, type Socket } from 'node:net';

export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly key: string;
  /** Sent in turn; the body of each is base64. */
  readonly requests: readonly { readonly headers: Readonly<Record<string, string>>; readonly body: string }[];
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Tells idempotency keys of runs apart. */
  readonly run: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly refused: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Totals {
  requests: number;
  refused: number;
  readonly latencies: number[];
}

function headOf(order: LoadOrder, fields: Readonly<Record<string, string>>, body: Buffer): string {
  const headers = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${order.path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${order.key}\r\n${headers.join('')}content-length: ${body.length}\r\nidempotency-key: `;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/** Sends requests over one connection until the time is over. */
class Sender {
  private received: Buffer = Buffer.alloc(0);
  private sentAt = 0;
  private sequence = 0;
  private resolve: () => void = () => undefined;

  constructor(
    private readonly socket: Socket,
    private readonly id: number,
    private readonly order: LoadOrder,
    private readonly requests: readonly { head: string; body: Buffer }[],
    private readonly totals: Totals,
    private readonly from: number,
    private readonly until: number,
  ) {}

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.socket.on('data', (chunk) => this.read(chunk));
      this.socket.on('error', reject);
      this.socket.on('close', () => reject(new Error('the server closed the connection')));
      this.send();
    });
  }

  private send(): void {
    const request = this.requests[(this.sequence + this.id) % this.requests.length];
    if (request === undefined) return;
    this.sequence += 1;
    this.sentAt = performance.now();
    this.socket.cork();
    this.socket.write(`${request.head}${this.order.run}-${this.id}-${this.sequence}\r\n\r\n`);
    this.socket.write(request.body);
    this.socket.uncork();
  }

  private read(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const end = this.received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.received.toString('latin1', 0, end);
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? NaN);
    if (!(this.received.length >= end + 4 + length)) return;
    const body = this.received.toString('utf8', end + 4, end + 4 + length);
    this.received = this.received.subarray(end + 4 + length);
    this.finish(Number(head.slice(9, 12)), body);
  }

  private finish(status: number, body: string): void {
    const now = performance.now();
    if (now >= this.from && now < this.until) {
      if (status >= 200 && status < 300) {
        this.totals.requests += 1;
        this.totals.latencies.push(now - this.sentAt);
      } else if (status === 429) this.totals.refused += 1;
      else throw new Error(`the server answered ${status}: ${body.slice(0, 500)}`);
    }
    if (now < this.until) this.send();
    else {
      this.socket.removeAllListeners('close');
      this.socket.destroy();
      this.resolve();
    }
  }
}

async function load(order: LoadOrder): Promise<LoadResult> {
  const requests = order.requests.map(({ headers, body: text }) => {
    const body = Buffer.from(text, 'base64');
    return { head: headOf(order, headers, body), body };
  });
  const totals: Totals = { requests: 0, refused: 0, latencies: [] };
  const from = performance.now() + order.warmUpMs;
  const until = from + order.measureMs;
  await Promise.all(
    Array.from({ length: order.connections }, async (_, id) => {
      const socket = connect(order.port, '127.0.0.1');
      socket.setNoDelay(true);
      await new Promise((resolve) => socket.once('connect', resolve));
      await new Sender(socket, id, order, requests, totals, from, until).run();
    }),
  );
  const sorted = totals.latencies.sort((a, b) => a - b);
  const quantile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? NaN;
  return {
    requests: totals.requests,
    refused: totals.refused,
    seconds: order.measureMs / 1_000,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}

process.once('message', (order) => {
  load(order as LoadOrder).then(
    (result) => process.send?.(result, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
