import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedPort } from './local-server.js';
import { until } from './until.js';

/** A Prometheus server of this test, with its data in a temporary folder. */
export class RealPrometheus {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {}

  static async start(
    executable: string,
    config: object,
    more: readonly string[] = [],
  ): Promise<RealPrometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'leeway-prometheus-'));
    const port = await closedPort();
    // JSON is YAML.
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const flags = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...more,
    ];
    const child = spawn(executable, flags, { stdio: 'ignore' });
    const server = new RealPrometheus(`http://127.0.0.1:${port}`, child, folder);
    await until(
      () =>
        fetch(`${server.url}/-/ready`).then(
          (answer) => answer.ok,
          () => false,
        ),
      20_000,
      'a ready Prometheus',
    );
    return server;
  }

  /** The first number that a query gives now; null when it gives none. */
  async value(query: string): Promise<number | null> {
    const answer = await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`);
    const { data } = (await answer.json()) as { data?: { result: { value: [number, string] }[] } };
    const text = data?.result[0]?.value[1];
    return text === undefined ? null : Number(text);
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
