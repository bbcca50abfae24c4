import { SpawnedProcess, type SpawnSpec } from './spawned-process.js';

/** The processes of one run, ended together, the last one first. */
export class ProcessGroup {
  private readonly processes: SpawnedProcess[] = [];
  private isStopping = false;

  async start(spec: SpawnSpec): Promise<SpawnedProcess> {
    const started = await SpawnedProcess.start(spec, (process) => this.processes.push(process));
    if (this.isStopping) throw new Error(`${started.name} was stopped while it started`);
    return started;
  }

  /** The processes that ended by themselves, with the end of their logs. */
  get casualties(): { readonly name: string; readonly endOfLog: string }[] {
    return this.processes
      .filter(({ isRunning }) => !isRunning)
      .map((process) => ({ name: process.name, endOfLog: process.endOfLog() }));
  }

  /** Ends them in the order in which their users come before what they use. Ending twice changes nothing. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const process of this.processes.toReversed()) await process.stop();
  }
}
