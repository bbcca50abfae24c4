import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export type Library = 'numpy' | 'scipy' | 'pandas' | 'pyarrow';

/** One call of a task of stats-peer.py: how long it took there, and what to compare with our result. */
export interface PeerAnswer {
  readonly seconds: number;
  readonly value: unknown;
}

type Versions = Readonly<Record<Library, string | null>>;

const NO_LIBRARIES: Versions = { numpy: null, scipy: null, pandas: null, pyarrow: null };
const SCRIPT = fileURLToPath(new URL('../../../../test/bench/stats-peer.py', import.meta.url));

/** A running Python with the scientific libraries it has, perhaps none. It computes only while it is asked. */
export class Peer {
  private constructor(
    private readonly python: string,
    private readonly versions: Versions,
    private readonly process: ChildProcessByStdio<Writable, Readable, null> | null,
    private readonly lines: AsyncIterator<string> | null,
  ) {}

  /** Starts this Python; one that cannot be started is a peer without libraries. */
  static async start(python: string): Promise<Peer> {
    const process = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      await once(process, 'spawn');
    } catch {
      return new Peer(python, NO_LIBRARIES, null, null);
    }
    const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
    const versions = JSON.parse(await nextLine(lines)) as Versions;
    return new Peer(python, versions, process, lines);
  }

  /** The libraries with their versions, as a table shows them. */
  name(...libraries: readonly Library[]): string {
    return libraries.map((library) => `${library} ${this.versions[library] ?? '–'}`).join(', ');
  }

  /** Why a comparison with these libraries is not possible; null when it is. */
  reasonWithout(...libraries: readonly Library[]): string | null {
    if (this.process === null) return `no peer: ${this.python} does not start`;
    const absent = libraries.filter((library) => this.versions[library] === null);
    return absent.length === 0 ? null : `no peer: ${this.python} has no ${absent.join(', ')}`;
  }

  /** @throws Error when the task fails there, whose trace is then on the standard error output */
  async ask(task: string, parameters: Readonly<Record<string, string | number>>): Promise<PeerAnswer> {
    if (this.process === null || this.lines === null) throw new Error(`${this.python} was not started`);
    this.process.stdin.write(`${JSON.stringify({ task, ...parameters })}\n`);
    return JSON.parse(await nextLine(this.lines)) as PeerAnswer;
  }

  async stop(): Promise<void> {
    if (this.process?.exitCode !== null) return;
    const exited = once(this.process, 'exit');
    this.process.stdin.end();
    await exited;
  }
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const { done, value } = await lines.next();
  if (done === true) throw new Error('stats-peer.py ended without an answer');
  return value;
}
