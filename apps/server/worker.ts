import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { durationMs, type Environment, type Logger } from '#platform';
import type { LeewayConfig } from './config.js';
import type { Rooms } from './rooms.js';
import { CONFIG, ENVIRONMENT, LOGGER, ROOMS } from './tokens.js';

const PASS_QUEUE = 'evaluation-pass';

/**
 * The worker role: ticks that enqueue, jobs that work. With several replicas every one ticks, the queue holds one pass
 * at a time, and whoever is free runs it.
 */
@Injectable()
export class Worker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly running = new Set<Promise<void>>();

  constructor(
    @Inject(ROOMS) private readonly rooms: Rooms,
    @Inject(CONFIG) private readonly config: LeewayConfig,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly scheduler: SchedulerRegistry,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { jobs, outbox, pass, collectors } = this.rooms;
    await jobs.start();
    await outbox.open();
    await jobs.createQueue(PASS_QUEUE, 'latest');
    if (!this.environment.roles.has('worker')) return;
    await jobs.work(PASS_QUEUE, () => pass.run());
    await outbox.start();
    this.every('evaluation', durationMs(this.config.evaluation.interval), async () => {
      await jobs.send(PASS_QUEUE, {});
      jobs.wake(PASS_QUEUE);
    });
    for (const [index, collector] of collectors.schedule.entries()) {
      // Spread over the interval: hundreds of pages at one moment would need the memory of all of them.
      const delayMs = (collector.intervalMs * index) / collectors.schedule.length;
      this.every(
        `collector ${collector.source.name}`,
        collector.intervalMs,
        () =>
          collectors
            .runRound(collector)
            .catch((error: unknown) => collectors.reportFailure(collector.source.name, error)),
        delayMs,
      );
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    for (const name of this.scheduler.getTimeouts()) this.scheduler.deleteTimeout(name);
    for (const name of this.scheduler.getIntervals()) this.scheduler.deleteInterval(name);
    await Promise.allSettled(this.running);
    await this.rooms.jobs.stop();
  }

  /** Runs `tick` on an interval that begins after a delay; a tick that is not over yet is not started again. */
  private every(name: string, intervalMs: number, tick: () => Promise<void>, delayMs = 0): void {
    let current: Promise<void> | null = null;
    const run = (): void => {
      if (current !== null) return;
      current = tick()
        .catch((error: unknown) => this.logger.error({ err: error, tick: name }, 'tick failed'))
        .finally(() => {
          if (current !== null) this.running.delete(current);
          current = null;
        });
      this.running.add(current);
    };
    const begin = (): void => this.scheduler.addInterval(name, setInterval(run, intervalMs));
    if (delayMs === 0) return begin();
    const timeout = setTimeout(() => {
      this.scheduler.deleteTimeout(name);
      begin();
    }, delayMs);
    this.scheduler.addTimeout(name, timeout);
  }
}
