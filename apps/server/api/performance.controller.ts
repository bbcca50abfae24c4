import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { PerformanceResult } from '#performance';
import type { Page } from '#platform';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { performanceQuery, rangeOf } from './queries.js';
import { performanceAnswer } from './performance-responses.js';
import { Answers, pageOf } from './responses.js';

@ApiTags('Performance')
@Controller('api/v1/models/:model/versions/:version')
export class PerformanceController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get('performance')
  @Needs('read')
  @ApiOperation({
    summary: 'Performance of the windows of a version, with ground truth and estimated without, newest first',
  })
  @Answers(pageOf(performanceAnswer))
  list(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: performanceQuery }) query: z.infer<typeof performanceQuery>,
  ): Promise<Page<PerformanceResult>> {
    const { limit, cursor, segment, status } = query;
    return this.rooms.performance.list(model, version, { limit, cursor, segment, status, ...rangeOf(query) });
  }
}
