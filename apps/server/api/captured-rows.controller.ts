import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { ColumnExamples, StoredCapturedRow } from '#ingest';
import type { Page } from '#platform';
import { Needs } from '../http/auth.guard.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { capturedRowsQuery, examplesQuery, rangeOf, windowStartOf } from './queries.js';
import { Answers, capturedRowAnswer, examplesAnswer, pageOf } from './responses.js';

@ApiTags('Captured rows')
@Controller('api/v1/models/:model')
export class CapturedRowsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get('versions/:version/captured-rows')
  @Needs('read')
  @ApiOperation({ summary: 'List captured rows, in the order in which they were stored' })
  @Answers(pageOf(capturedRowAnswer))
  list(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: capturedRowsQuery }) query: z.infer<typeof capturedRowsQuery>,
  ): Promise<Page<StoredCapturedRow>> {
    const { limit, cursor } = query;
    return this.rooms.capturedRows.list(model, version, { limit, cursor, ...rangeOf(query) });
  }

  @Get('versions/:version/windows/:start/examples')
  @Needs('read')
  @ApiOperation({ summary: 'Captured rows of a window that show what is going on in a column' })
  @Answers(examplesAnswer)
  examples(
    @Param('model') model: string,
    @Param('version') version: string,
    @Param('start') start: string,
    @Query({ schema: examplesQuery }) query: z.infer<typeof examplesQuery>,
  ): Promise<ColumnExamples> {
    const { column, kind, value, limit } = query;
    return this.rooms.capturedExamples.find(model, version, windowStartOf(start), {
      column,
      kind,
      value,
      limit,
    });
  }
}
