import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { OutboxStatus } from '#notify';
import type { Page } from '#platform';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { notificationsQuery } from './queries.js';
import { Answers, notificationAnswer, pageOf } from './responses.js';

@ApiTags('Notifications')
@Needs('read')
@Controller('api/v1/notifications')
export class NotificationsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get()
  @ApiOperation({ summary: 'List notifications and how their delivery went, newest first' })
  @Answers(pageOf(notificationAnswer))
  list(
    @Query({ schema: notificationsQuery }) query: z.infer<typeof notificationsQuery>,
  ): Promise<Page<OutboxStatus>> {
    return this.rooms.outbox.list({ ...query, kind: 'notification' });
  }
}
