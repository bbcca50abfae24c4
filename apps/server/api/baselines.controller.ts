import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Body, Controller, Get, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { LeewayError, pageQuerySchema, type Page } from '#platform';
import { baselineRowsSchema, type Baseline, type BaselineDetails, type BaselineSource } from '#registry';
import { STREAM_TYPES } from '../http/body-parsers.js';
import { IdPipe, readBody } from '../http/validation.js';
import { Needs } from '../http/auth.guard.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import type { PageQuery } from './queries.js';
import { Answers, baselineAnswer, baselineDetailsAnswer, pageOf } from './responses.js';

/** How long a refused upload is still read, so that its sender gets to see the answer. */
const DRAIN_TIMEOUT_MS = 10_000;

@ApiTags('Baselines')
@Controller('api/v1')
export class BaselinesController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post('models/:model/versions/:version/baselines')
  @ApiOperation({
    summary: 'Register training data as the baseline: stream CSV, NDJSON or Parquet, or post { rows }',
  })
  @Answers(baselineDetailsAnswer, 201)
  @ApiConsumes('application/json', ...Object.keys(STREAM_TYPES))
  @ApiBody({
    schema: { description: '{ "rows": [{ column: value }] }, or a stream in one of the other types' },
  })
  async register(
    @Param('model') model: string,
    @Param('version') version: string,
    @Req() request: FastifyRequest,
    @Body() body: unknown,
  ): Promise<BaselineDetails> {
    const source = sourceOf(request, body);
    try {
      return await this.rooms.baselines.register(model, version, source);
    } catch (error) {
      if ('stream' in source) await drain(source.stream);
      throw error;
    }
  }

  @Get('models/:model/versions/:version/baselines')
  @Needs('read')
  @ApiOperation({ summary: 'List the baselines of a version' })
  @Answers(pageOf(baselineAnswer))
  list(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<Baseline>> {
    return this.rooms.baselines.list(model, version, query);
  }

  @Get('baselines/:id')
  @Needs('read')
  @ApiOperation({ summary: 'One baseline with what it says of each column' })
  @Answers(baselineDetailsAnswer)
  get(@Param('id', IdPipe) id: string): Promise<BaselineDetails> {
    return this.rooms.baselines.get(id);
  }
}

function sourceOf(request: FastifyRequest, body: unknown): BaselineSource {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const kind = Object.entries(STREAM_TYPES).find(([name]) => name === type)?.[1];
  if (kind !== undefined) return { kind, stream: body as Readable };
  if (body === undefined || body === null)
    throw new LeewayError(
      'body-empty',
      'the request has no body; send CSV, NDJSON, Parquet, or { "rows": [...] }',
    );
  return { kind: 'rows', rows: readBody(baselineRowsSchema, body).rows };
}

async function drain(stream: Readable): Promise<void> {
  if (stream.destroyed || stream.readableEnded) return;
  stream.unpipe();
  stream.resume();
  await finished(stream, { signal: AbortSignal.timeout(DRAIN_TIMEOUT_MS) }).catch(() => undefined);
}
