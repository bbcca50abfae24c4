import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const HEAD_END = '\r\n\r\n';

/**
 * One keep-alive connection to a service, with one request under way. Written for this benchmark: an HTTP client's own time would
 * stand in every latency, and hide a part of what is compared.
 */
export class Caller {
  private received = '';
  private arrived: () => void = () => undefined;
  private failed: (error: Error) => void = () => undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly request: string,
  ) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', (error) => this.failed(error));
    socket.on('close', () => this.failed(new Error('the service closed the connection')));
    socket.on('data', (chunk: string) => {
      this.received += chunk;
      const end = this.received.indexOf(HEAD_END);
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(this.received)?.[1] ?? NaN);
      if (this.received.length >= end + HEAD_END.length + length) this.arrived();
    });
  }

  static async to(port: number, path: string, body: unknown): Promise<Caller> {
    const socket = connect(port, '127.0.0.1');
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const content = JSON.stringify(body);
    const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${content.length}`;
    return new Caller(socket, head + HEAD_END + content);
  }

  /** The time to the last byte of the answer in milliseconds. @throws Error when it is not 200 */
  async call(): Promise<number> {
    this.received = '';
    const answer = new Promise<void>((resolve, reject) => {
      this.arrived = resolve;
      this.failed = reject;
    });
    const start = performance.now();
    this.socket.write(this.request);
    await answer;
    const ms = performance.now() - start;
    if (!this.received.startsWith('HTTP/1.1 200')) throw new Error(this.received.slice(0, 500));
    return ms;
  }

  /** So many calls, with a pause after each. */
  async calls(count: number, pauseMs: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i += 1) {
      times.push(await this.call());
      if (pauseMs > 0) await sleep(pauseMs);
    }
    return times;
  }

  close(): void {
    this.socket.destroy();
  }
}
