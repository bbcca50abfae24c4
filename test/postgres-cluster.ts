import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from '../apps/demo/spawned-process.js';
import { findServer } from './find-server.js';

/** The user that PostgreSQL runs as where this process is root, since it refuses to run as that. */
const SERVER_USER = 'postgres';
const READY_TIMEOUT_MS = 30_000;

/** A PostgreSQL server of a test's own, with fsync on, that can be stopped, killed and started again. */
export class PostgresCluster {
  private process: ChildProcess | null = null;

  private constructor(
    private readonly folder: string,
    private readonly bin: string,
    readonly port: number,
  ) {}

  /** Starts an empty cluster. @throws Error where PostgreSQL is not installed */
  static async start(): Promise<PostgresCluster> {
    const initdb = findServer('initdb');
    if (initdb === null) throw new Error('there is no PostgreSQL (initdb and postgres) on this machine');
    const folder = mkdtempSync(join(tmpdir(), 'leeway-postgres-'));
    chmodSync(folder, 0o777);
    const cluster = new PostgresCluster(folder, dirname(initdb), await freePort());
    await cluster.run('initdb', ['-D', cluster.data, '-U', 'postgres', '--auth=trust', '--no-instructions']);
    await cluster.up();
    return cluster;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts the server on its data, and waits until it takes connections. */
  async up(): Promise<void> {
    this.process = this.spawn('postgres', [
      '-D',
      this.data,
      '-p',
      String(this.port),
      '-k',
      this.folder,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'fsync=on',
    ]);
    const until = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      if (await this.answers()) return;
      if (Date.now() > until) throw new Error('PostgreSQL does not take connections');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends the server at once, without a checkpoint, as a crash would. */
  async crash(): Promise<void> {
    const { process } = this;
    if (process === null) return;
    this.process = null;
    const ended = once(process, 'exit');
    await this.run('pg_ctl', ['stop', '-D', this.data, '-m', 'immediate']);
    await ended;
  }

  async remove(): Promise<void> {
    await this.crash();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private async answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private async run(program: string, args: readonly string[]): Promise<void> {
    const child = this.spawn(program, args);
    let output = '';
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${output.slice(-1_000)}`);
  }

  private spawn(program: string, args: readonly string[]): ChildProcess {
    const path = join(this.bin, program);
    const [command, all] =
      process.getuid?.() === 0 ? ['runuser', ['-u', SERVER_USER, '--', path, ...args]] : [path, args];
    const child = spawn(command, all, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.resume();
    return child;
  }
}
