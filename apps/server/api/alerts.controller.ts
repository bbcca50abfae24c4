import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Page } from '#platform';
import type { Alert, AlertEvent } from '#rules';
import { Needs } from '../http/access.js';
import { IdPipe } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { alertsQuery } from './queries.js';
import { alertAnswer, alertDetailsAnswer, Answers, pageOf } from './responses.js';

@ApiTags('Alerts')
@Needs('read')
@Controller('api/v1/alerts')
export class AlertsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get()
  @ApiOperation({ summary: 'List alerts, newest first' })
  @Answers(pageOf(alertAnswer))
  list(@Query({ schema: alertsQuery }) query: z.infer<typeof alertsQuery>): Promise<Page<Alert>> {
    return this.rooms.alerts.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One alert with its diagnosis and history' })
  @Answers(alertDetailsAnswer)
  get(@Param('id', IdPipe) id: string): Promise<Alert & { readonly history: readonly AlertEvent[] }> {
    return this.rooms.alerts.get(id);
  }
}
