import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { LeewayError, type Page } from '#platform';
import { parseMatchers, type Signal, type SignalProblem, type SignalSelector } from '#signals';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import {
  signalHistoryQuery,
  signalProblemsQuery,
  signalsQuery,
  spanOf,
  type SignalHistoryQuery,
} from './queries.js';
import { Answers, pageOf, signalAnswer, signalHistoryAnswer, signalProblemsAnswer } from './responses.js';

type SignalHistory = z.infer<typeof signalHistoryAnswer>;

/** How long a source that is asked for its history may take. */
const SOURCE_TIMEOUT_MS = 30_000;

@ApiTags('Signals')
@Needs('read')
@Controller('api/v1/signals')
export class SignalsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get()
  @ApiOperation({ summary: 'List signals with their newest value, and why there is no newer one' })
  @Answers(pageOf(signalAnswer))
  list(@Query({ schema: signalsQuery }) query: z.infer<typeof signalsQuery>): Promise<Page<Signal>> {
    const { match, ...rest } = query;
    const conditions = match === undefined ? [] : parseMatchers(match);
    return this.rooms.signals.list({ ...rest, conditions }, this.rooms.clock.now());
  }

  @Get('problems')
  @ApiOperation({ summary: 'What sources say is wrong, also of signals that have no value yet' })
  @Answers(signalProblemsAnswer)
  async problems(
    @Query({ schema: signalProblemsQuery }) query: z.infer<typeof signalProblemsQuery>,
  ): Promise<{ items: SignalProblem[] }> {
    return { items: await this.rooms.signals.problems(query.model ?? null) };
  }

  @Get('query')
  @ApiOperation({
    summary: 'The history of a signal, one series per label set; null is "could not be measured"',
  })
  @Answers(signalHistoryAnswer)
  async query(@Query({ schema: signalHistoryQuery }) query: SignalHistoryQuery): Promise<SignalHistory> {
    const { name, model = null, match } = query;
    const conditions = match === undefined ? [] : parseMatchers(match);
    const selector = { name, model, matchers: {}, conditions };
    return query.source === undefined
      ? { series: (await this.stored(selector, query)) as SignalHistory['series'], problems: [] }
      : this.asked(query.source, selector, query);
  }

  private stored(selector: SignalSelector, query: SignalHistoryQuery): ReturnType<Rooms['signals']['query']> {
    const { signals, clock } = this.rooms;
    if (query.step !== undefined) return signals.queryRange(selector, spanOf(query, clock.now()));
    const from = query.from === undefined ? 0 : Date.parse(query.from);
    const to = query.to === undefined ? Date.UTC(9999, 0) : Date.parse(query.to);
    return signals.query(selector, from, to);
  }

  private async asked(
    source: string,
    selector: SignalSelector,
    query: SignalHistoryQuery,
  ): Promise<SignalHistory> {
    const port = this.rooms.historySources.get(source);
    if (port === undefined)
      throw new LeewayError(
        'not-found',
        `there is no source ${JSON.stringify(source)} that can be asked for its history; without \`source\` the answer is what Leeway stores`,
      );
    const span = spanOf(query, this.rooms.clock.now());
    const { series, problems } = await port.history(selector, span, AbortSignal.timeout(SOURCE_TIMEOUT_MS));
    return { series: series as SignalHistory['series'], problems: [...problems] };
  }
}
