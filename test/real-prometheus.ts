import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedPort } from './local-server.js';
import { until } from './until.js';

export interface PrometheusOptions {
  /** What prometheus.yml says; JSON is YAML. */
  readonly config: object;
  /** Its web configuration: users and TLS. Readiness is then a port that answers, whatever it says. */
  readonly web?: object;
}

/** A Prometheus server of a test, with its data in a temporary folder. */
export class RealPrometheus {
  private child: ChildProcess;

  private constructor(
    readonly url: string,
    private readonly executable: string,
    private readonly flags: readonly string[],
    private readonly folder: string,
  ) {
    this.child = spawn(executable, flags, { stdio: 'ignore' });
  }

  static async start(executable: string, { config, web }: PrometheusOptions): Promise<RealPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'leeway-prometheus-'));
    const port = await closedPort();
    const write = (name: string, content: object): string => {
      writeFileSync(join(folder, name), JSON.stringify(content));
      return join(folder, name);
    };
    const flags = [
      `--config.file=${write('prometheus.yml', config)}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(web === undefined ? [] : [`--web.config.file=${write('web.yml', web)}`]),
    ];
    const isTls = web !== undefined && 'tls_server_config' in web;
    const server = new RealPrometheus(
      `http${isTls ? 's' : ''}://127.0.0.1:${port}`,
      executable,
      flags,
      folder,
    );
    await server.ready(web === undefined);
    return server;
  }

  /** The first number that a query gives now; null when it gives none. */
  async value(query: string): Promise<number | null> {
    const answer = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
    const { data } = (await answer.json()) as { data?: { result: { value: [number, string] }[] } };
    const text = data?.result[0]?.value[1];
    return text === undefined ? null : Number(text);
  }

  /** Connections are taken and nothing answers. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** Starts again on the same address, with the data it had. */
  async restart(): Promise<void> {
    this.child = spawn(this.executable, this.flags, { stdio: 'ignore' });
    await this.ready(true);
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async ready(isOpen: boolean): Promise<void> {
    // A server that asks who we are answers 401; one that asks for a certificate ends the handshake, which is an answer as well.
    const isAnswer = (error: unknown): boolean =>
      !isOpen && !/ECONNREFUSED/.test(String((error as { cause?: { code?: string } }).cause?.code));
    await until(
      () =>
        fetch(`${this.url}/-/ready`).then(
          (answer) => answer.ok || (!isOpen && answer.status === 401),
          isAnswer,
        ),
      20_000,
      'a ready Prometheus',
    );
  }
}
