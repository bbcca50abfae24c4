import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Page } from '#platform';
import type { Signal, SignalSeries } from '#signals';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { signalHistoryQuery, signalsQuery } from './queries.js';
import { Answers, pageOf, signalAnswer, signalHistoryAnswer } from './responses.js';

@ApiTags('Signals')
@Needs('read')
@Controller('api/v1/signals')
export class SignalsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get()
  @ApiOperation({ summary: 'List signals with their newest value' })
  @Answers(pageOf(signalAnswer))
  list(@Query({ schema: signalsQuery }) query: z.infer<typeof signalsQuery>): Promise<Page<Signal>> {
    return this.rooms.signals.list(query);
  }

  @Get('query')
  @ApiOperation({
    summary: 'The history of a signal, one series per label set; null is "could not be measured"',
  })
  @Answers(signalHistoryAnswer)
  async query(
    @Query({ schema: signalHistoryQuery }) query: z.infer<typeof signalHistoryQuery>,
  ): Promise<{ series: SignalSeries[] }> {
    const from = query.from === undefined ? 0 : Date.parse(query.from);
    const to = query.to === undefined ? Date.UTC(9999, 0) : Date.parse(query.to);
    return {
      series: await this.rooms.signals.query(
        { name: query.name, model: query.model ?? null, matchers: {} },
        from,
        to,
      ),
    };
  }
}
