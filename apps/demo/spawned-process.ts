import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';

export interface SpawnSpec {
  /** A JavaScript file; it runs in this process's Node. With `command` it is only what the process is called. */
  readonly script: string;
  /** What runs instead: a program and its arguments. */
  readonly command?: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** What it writes to stdout and stderr goes here, for whoever has to find out why. */
  readonly logFile: string;
  /** A line on stdout or stderr that says that it is ready. */
  readonly readyLine: RegExp;
  readonly readyTimeoutMs?: number;
}

/** How long a process may take to end by itself before it is killed. */
const STOP_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 30_000;
/** The end of a log that goes into the message of a process that died. */
const SHOWN_LOG_LINES = 15;

/** A Node process of the demo, with the lines that it wrote to stdout. */
export class SpawnedProcess {
  readonly name: string;
  readonly lines: string[] = [];
  private readonly errorLines: string[] = [];
  /** Resolves when it has ended, however it did. */
  readonly exited: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly log: WriteStream,
    script: string,
  ) {
    this.name = basename(script) === 'main.js' ? basename(dirname(script)) : basename(script);
    this.exited = once(child, 'exit');
    this.follow(child.stdout, this.lines);
    this.follow(child.stderr, this.errorLines);
  }

  /**
   * Starts a process and waits until it says that it is ready. `onSpawn` hears of it before that, so that it can be
   * ended while it starts.
   *
   * @throws Error with the end of its log when it ends before that, or says nothing in time
   */
  static async start(
    spec: SpawnSpec,
    onSpawn: (process: SpawnedProcess) => void = () => undefined,
  ): Promise<SpawnedProcess> {
    const { script, env, logFile, readyLine, readyTimeoutMs = READY_TIMEOUT_MS } = spec;
    const [program, ...args] = spec.command ?? [process.execPath, '--enable-source-maps', script];
    const child = spawn(program, args, {
      env: { ...inheritedEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const started = new SpawnedProcess(child, createWriteStream(logFile, { flags: 'a' }), script);
    onSpawn(started);
    try {
      await started.line(readyLine, readyTimeoutMs);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The first line on stdout or stderr, past or future, that matches. */
  async line(pattern: RegExp, timeoutMs = READY_TIMEOUT_MS): Promise<RegExpMatchArray> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const match = [...this.lines, ...this.errorLines]
        .map((line) => pattern.exec(line))
        .find((found) => found !== null);
      if (match !== undefined) return match;
      if (!this.isRunning) throw new Error(`${this.name} ended before it was ready:\n${this.endOfLog()}`);
      if (performance.now() > deadline)
        throw new Error(`${this.name} was not ready after ${timeoutMs / 1_000} s:\n${this.endOfLog()}`);
      await Promise.race([this.exited, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
  }

  /** Asks it to end, waits, and kills it when it does not. */
  async stop(): Promise<void> {
    if (this.isRunning) {
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await this.exited;
      clearTimeout(timer);
    }
    this.log.end();
  }

  /** Ends it at once, as a crash would: it gets no chance to tidy up. */
  async kill(): Promise<void> {
    if (this.isRunning) {
      this.child.kill('SIGKILL');
      await this.exited;
    }
    this.log.end();
  }

  endOfLog(): string {
    return [...this.lines, ...this.errorLines].slice(-SHOWN_LOG_LINES).join('\n');
  }

  private follow(stream: NodeJS.ReadableStream | null, lines: string[]): void {
    if (stream === null) return;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > MAX_KEPT_LINES) lines.shift();
      if (this.log.writable) this.log.write(`${line}\n`);
    });
  }
}

/** Older lines are in the log file; a server that runs for days must not grow this. */
const MAX_KEPT_LINES = 1_000;

/** A port that is free now. Nothing holds it until it is used, so use it soon. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The shell's variables without Leeway's own: whoever tries the demo must not hit his real installation. */
function inheritedEnv(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^LEEWAY_|^DATABASE_URL$/.test(name));
  return {
    ...(Object.fromEntries(entries) as Record<string, string>),
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  };
}
