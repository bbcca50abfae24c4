import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { rejectionsOf, type WindowSummary } from '#ingest';
import { LeewayError, toRfc3339, type Page } from '#platform';
import { summarizeProfile } from '#registry';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { rangeOf, segmentQuery, windowsQuery, windowStartOf } from './queries.js';
import { Answers, pageOf, windowAnswer, windowProfileAnswer } from './responses.js';

@ApiTags('Windows')
@Needs('read')
@Controller('api/v1/models/:model/versions/:version')
export class WindowsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get('windows')
  @ApiOperation({ summary: 'List windows with their counts, oldest first' })
  @Answers(pageOf(windowAnswer))
  list(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: windowsQuery }) query: z.infer<typeof windowsQuery>,
  ): Promise<Page<WindowSummary>> {
    const { limit, cursor, segment } = query;
    return this.rooms.windows.list(model, version, { limit, cursor, segment, ...rangeOf(query) });
  }

  @Get('windows/:start/profile')
  @ApiOperation({ summary: 'What one window holds, per segment and column' })
  @Answers(windowProfileAnswer)
  async profile(
    @Param('model') model: string,
    @Param('version') versionName: string,
    @Param('start') start: string,
    @Query({ schema: segmentQuery }) query: z.infer<typeof segmentQuery>,
  ): Promise<object> {
    const version = await this.rooms.models.getVersion(model, versionName);
    const from = windowStartOf(start);
    const windows = (await this.rooms.windows.profiles(version, { from, to: from + 1 })).filter(
      ({ segment }) => query.segment === undefined || query.segment === segment,
    );
    if (windows.length === 0)
      throw new LeewayError(
        'not-found',
        `version ${JSON.stringify(versionName)} has no window that starts at ${start}`,
      );
    return {
      model,
      version: versionName,
      start: toRfc3339(from),
      end: toRfc3339(from + version.model.grainMs),
      profiles: windows.map(({ segment, profile, receivedCount, rejections }) => ({
        segment,
        gridHash: profile.grid.hash,
        rowCount: profile.rowCount,
        receivedCount,
        rejections: rejectionsOf(rejections),
        columns: summarizeProfile(profile),
      })),
    };
  }
}
