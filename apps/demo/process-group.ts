import { SpawnedProcess, type SpawnSpec } from './spawned-process.js';

/** The processes of one run, ended together, the last one first. */
export class ProcessGroup {
  private readonly processes: SpawnedProcess[] = [];
  private readonly death = Promise.withResolvers<never>();
  private isStopping = false;

  constructor() {
    // Somebody may or may not wait for it.
    this.death.promise.catch(() => undefined);
  }

  /** Rejects when a process ends that nobody stopped, with the end of its log. */
  get untimelyDeath(): Promise<never> {
    return this.death.promise;
  }

  async start(spec: SpawnSpec): Promise<SpawnedProcess> {
    const started = await SpawnedProcess.start(spec, (process) => this.processes.push(process));
    void started.exited.then(() => {
      if (!this.isStopping)
        this.death.reject(new Error(`${started.name} has ended; the last it said:\n${started.endOfLog()}`));
    });
    if (this.isStopping) throw new Error(`${started.name} was stopped while it started`);
    return started;
  }

  /** Ends them so that users go before what they use. Ending twice changes nothing. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const process of this.processes.toReversed()) await process.stop();
  }
}
