import { Body, Controller, Get, Inject, Param, Patch, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Page } from '#platform';
import { runPatchSchema, type RetrainingRun, type RunPatch } from '#retraining';
import { Needs } from '../http/access.js';
import { IdPipe } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { runsQuery } from './queries.js';
import { Answers, pageOf, runAnswer } from './responses.js';

@ApiTags('Retraining')
@Controller('api/v1/retraining-runs')
export class RetrainingRunsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'List retraining runs, refused starts among them, newest first' })
  @Answers(pageOf(runAnswer))
  list(@Query({ schema: runsQuery }) query: z.infer<typeof runsQuery>): Promise<Page<RetrainingRun>> {
    return this.rooms.runs.list(query);
  }

  @Get(':id')
  @Needs('read')
  @ApiOperation({ summary: 'One retraining run with its history and evidence' })
  @Answers(runAnswer)
  get(@Param('id', IdPipe) id: string): Promise<RetrainingRun> {
    return this.rooms.runs.get(id);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Report how a run goes' })
  @Answers(runAnswer)
  patch(
    @Param('id', IdPipe) id: string,
    @Body({ schema: runPatchSchema }) patch: RunPatch,
  ): Promise<RetrainingRun> {
    return this.rooms.runs.patch(id, patch);
  }
}
