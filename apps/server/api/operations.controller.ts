import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { messageOf } from '#platform';
import { Public } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';

/** A database that does not answer within this is not ready. */
const CHECK_TIMEOUT_MS = 2_000;

@ApiTags('Operations')
@Public()
@Controller()
export class OperationsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get('health/live')
  @ApiOperation({ summary: 'Whether the process runs' })
  live(): { status: 'live' } {
    return { status: 'live' };
  }

  @Get('health/ready')
  @ApiOperation({ summary: 'Whether it can serve; says what is not ready' })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const problem = await this.databaseProblem();
    if (problem === null) return { status: 'ready', checks: { database: 'ok' } };
    void reply.status(503);
    return { status: 'not ready', checks: { database: problem } };
  }

  @Get('metrics')
  @ApiOperation({ summary: "Leeway's own metrics, in Prometheus' text format" })
  async metrics(@Res() reply: FastifyReply): Promise<void> {
    const { registry } = this.rooms.metrics;
    await reply.header('content-type', registry.contentType).send(await registry.metrics());
  }

  private async databaseProblem(): Promise<string | null> {
    const timeout = new Promise<never>((_, reject) =>
      setTimeout(
        () => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)),
        CHECK_TIMEOUT_MS,
      ).unref(),
    );
    try {
      await Promise.race([this.rooms.database.query('select 1'), timeout]);
      return null;
    } catch (error) {
      return messageOf((error as Error).cause ?? error);
    }
  }
}
