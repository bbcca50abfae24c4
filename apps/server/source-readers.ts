import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Environment } from '#platform';
import type { Rooms } from './rooms.js';
import { ENVIRONMENT, ROOMS } from './tokens.js';

/** The part of the ingest role that fetches payloads itself: the sources of leeway.yaml. */
@Injectable()
export class SourceReaders implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    @Inject(ROOMS) private readonly rooms: Rooms,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  /** Waits for no broker: the server starts although one is away. */
  onApplicationBootstrap(): void {
    if (this.environment.roles.has('ingest')) for (const source of this.rooms.sources) source.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.rooms.sources.map((source) => source.stop()));
  }
}
