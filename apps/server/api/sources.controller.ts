import { Controller, Delete, Get, HttpCode, Inject, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { DeadLetter, WholeDeadLetter } from '#ingest';
import type { Page } from '#platform';
import { Needs } from '../http/access.js';
import { IdPipe } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { deadLettersQuery } from './queries.js';
import { Answers, deadLetterAnswer, pageOf, sourceAnswer, wholeDeadLetterAnswer } from './responses.js';

const sourcesAnswer = z.object({ items: z.array(sourceAnswer) });

/** What leeway.yaml reads by itself, how far that has come, and the messages that it could not count. */
@ApiTags('Sources')
@Controller('api/v1/sources')
export class SourcesController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'The configured sources, and how far each has been counted' })
  @Answers(sourcesAnswer)
  async list(): Promise<z.infer<typeof sourcesAnswer>> {
    const { deadLetters, sourceOffsets, sources } = this.rooms;
    const items = [];
    for (const { spec } of sources) {
      const { name, kind, topics, groupId, model, version } = spec;
      const partitions = (await sourceOffsets.list(groupId)).map((each) => ({
        topic: each.topic,
        partition: each.partition,
        nextOffset: String(each.nextOffset),
        updatedAt: each.updatedAt.toISOString(),
      }));
      const deadLetterCount = await deadLetters.count(name);
      items.push({ name, kind, topics, groupId, model, version, deadLetterCount, partitions });
    }
    return { items };
  }

  @Get(':source/dead-letters')
  @Needs('read')
  @ApiOperation({ summary: 'List the messages of a source that could not be counted, newest first' })
  @Answers(pageOf(deadLetterAnswer))
  deadLetters(
    @Param('source') source: string,
    @Query({ schema: deadLettersQuery }) query: z.infer<typeof deadLettersQuery>,
  ): Promise<Page<DeadLetter>> {
    return this.rooms.deadLetters.list(source, query);
  }

  @Get(':source/dead-letters/:id')
  @Needs('read')
  @ApiOperation({ summary: 'One message that could not be counted, with the beginning of its value' })
  @Answers(wholeDeadLetterAnswer)
  deadLetter(@Param('source') source: string, @Param('id', IdPipe) id: string): Promise<WholeDeadLetter> {
    return this.rooms.deadLetters.get(source, id);
  }

  @Delete(':source/dead-letters/:id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget a message that could not be counted' })
  async delete(@Param('source') source: string, @Param('id', IdPipe) id: string): Promise<void> {
    await this.rooms.deadLetters.delete(source, id);
  }
}
