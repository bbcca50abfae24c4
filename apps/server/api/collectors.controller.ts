import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { describeCollector, detectPresets, detectSchema } from '#collectors';
import { toRfc3339 } from '#platform';
import type { LeewayConfig } from '../config.js';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { CONFIG, ROOMS } from '../tokens.js';
import { Answers, collectorAnswer, detectionAnswer } from './responses.js';

const collectorsAnswer = z.object({ items: z.array(collectorAnswer) });
/** All queries of one look, which go out four at once. */
const DETECTION_TIMEOUT_MS = 30_000;

/** What leeway.yaml collects, and what it could. */
@ApiTags('Collectors')
@Controller('api/v1')
export class CollectorsController {
  constructor(
    @Inject(ROOMS) private readonly rooms: Rooms,
    @Inject(CONFIG) private readonly config: LeewayConfig,
  ) {}

  @Get('collectors')
  @Needs('read')
  @ApiOperation({ summary: 'The configured collectors, with the PromQL of every signal' })
  @Answers(collectorsAnswer)
  async list(): Promise<z.infer<typeof collectorsAnswer>> {
    const items = [];
    for (const spec of this.config.collectors) {
      const newest = await this.rooms.signals.newestFrom(`collector:${spec.name}`);
      const { from, signals, ...rest } = describeCollector(spec);
      const lastSampleAt = newest === null ? null : toRfc3339(newest);
      items.push({ ...rest, from: [...from], signals: [...signals], lastSampleAt });
    }
    return { items };
  }

  /** Only for admins: it makes Leeway call an address of the caller's. */
  @Post('collectors::detect')
  @HttpCode(200)
  @ApiOperation({ summary: 'Ask a Prometheus which presets fit, and get a collector for each' })
  @Answers(detectionAnswer)
  async detect(
    @Body({ schema: detectSchema }) request: z.infer<typeof detectSchema>,
  ): Promise<z.infer<typeof detectionAnswer>> {
    const { outbound, clock } = this.rooms;
    const { proposals, problems } = await detectPresets(
      request,
      outbound,
      clock.now(),
      AbortSignal.timeout(DETECTION_TIMEOUT_MS),
    );
    return {
      proposals: proposals.map(({ collector, remarks, ...rest }) => ({
        ...{ ...rest, parameters: { ...rest.parameters }, remarks: [...remarks] },
        collector: { ...collector },
      })),
      problems: [...problems],
    };
  }
}
