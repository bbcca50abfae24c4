import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import {
  driftEvaluationSchema,
  monitorSchema,
  type DriftEvaluationSpec,
  type DriftResult,
  type Monitor,
  type MonitorSpec,
  type StoredDriftResult,
} from '#drift';
import { pageQuerySchema, type Page } from '#platform';
import { Needs } from '../http/access.js';
import { IdPipe, readBody } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { sameName } from './models.controller.js';
import { driftResultsQuery, type PageQuery } from './queries.js';
import { Answers, driftResultAnswer, monitorAnswer, pageOf, storedDriftResultAnswer } from './responses.js';

const putMonitorSchema = monitorSchema.partial({ name: true });

@ApiTags('Drift')
@Controller('api/v1')
export class DriftController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post('models/:model/monitors')
  @ApiOperation({ summary: 'Create a monitor' })
  @Answers(monitorAnswer, 201)
  create(
    @Param('model') model: string,
    @Body({ schema: monitorSchema }) spec: MonitorSpec,
  ): Promise<Monitor> {
    return this.rooms.monitors.create(model, spec);
  }

  @Get('models/:model/monitors')
  @Needs('read')
  @ApiOperation({ summary: 'List the monitors of a model' })
  @Answers(pageOf(monitorAnswer))
  listMonitors(
    @Param('model') model: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<Monitor>> {
    return this.rooms.monitors.list(model, query);
  }

  @Get('models/:model/monitors/:name')
  @Needs('read')
  @ApiOperation({ summary: 'One monitor' })
  @Answers(monitorAnswer)
  getMonitor(@Param('model') model: string, @Param('name') name: string): Promise<Monitor> {
    return this.rooms.monitors.get(model, name);
  }

  @Put('models/:model/monitors/:name')
  @ApiOperation({ summary: 'Create or change a monitor; doing it twice changes nothing' })
  @Answers(monitorAnswer)
  putMonitor(
    @Param('model') model: string,
    @Param('name') name: string,
    @Body({ schema: putMonitorSchema }) spec: z.infer<typeof putMonitorSchema>,
  ): Promise<Monitor> {
    return this.rooms.monitors.put(
      model,
      readBody(monitorSchema, { ...spec, name: sameName(name, spec.name) }),
    );
  }

  @Delete('models/:model/monitors/:name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a monitor; its results stay' })
  removeMonitor(@Param('model') model: string, @Param('name') name: string): Promise<void> {
    return this.rooms.monitors.remove(model, name);
  }

  @Post('models/:model/versions/:version/drift-evaluations')
  @HttpCode(200)
  @Needs('read')
  @ApiOperation({
    summary: 'Compare the windows of a range with the baseline now; the result is answered and not stored',
  })
  @Answers(driftResultAnswer)
  evaluate(
    @Param('model') model: string,
    @Param('version') version: string,
    @Body({ schema: driftEvaluationSchema }) spec: DriftEvaluationSpec,
  ): Promise<DriftResult> {
    return this.rooms.drift.evaluate(model, version, spec);
  }

  @Get('models/:model/drift-results')
  @Needs('read')
  @ApiOperation({ summary: 'List drift results, newest first' })
  @Answers(pageOf(storedDriftResultAnswer))
  listResults(
    @Param('model') model: string,
    @Query({ schema: driftResultsQuery }) query: z.infer<typeof driftResultsQuery>,
  ): Promise<Page<StoredDriftResult>> {
    return this.rooms.drift.list(model, query);
  }

  @Get('drift-results/:id')
  @Needs('read')
  @ApiOperation({ summary: 'One drift result' })
  @Answers(storedDriftResultAnswer)
  getResult(@Param('id', IdPipe) id: string): Promise<StoredDriftResult> {
    return this.rooms.drift.get(id);
  }
}
