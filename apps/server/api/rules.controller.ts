import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { pageQuerySchema, type Page } from '#platform';
import { ruleSchema, type Rule, type RuleSpec } from '#rules';
import { Needs } from '../http/access.js';
import { readBody } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { sameName } from './models.controller.js';
import type { PageQuery } from './queries.js';
import { Answers, pageOf, ruleAnswer } from './responses.js';

const putRuleSchema = ruleSchema.partial({ name: true });

@ApiTags('Rules')
@Controller('api/v1/rules')
export class RulesController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post()
  @ApiOperation({ summary: 'Create a rule' })
  @Answers(ruleAnswer, 201)
  create(@Body({ schema: ruleSchema }) spec: RuleSpec): Promise<Rule> {
    return this.rooms.rules.create(spec);
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'List rules' })
  @Answers(pageOf(ruleAnswer))
  list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<Rule>> {
    return this.rooms.rules.list(query);
  }

  @Get(':name')
  @Needs('read')
  @ApiOperation({ summary: 'One rule' })
  @Answers(ruleAnswer)
  get(@Param('name') name: string): Promise<Rule> {
    return this.rooms.rules.get(name);
  }

  @Put(':name')
  @ApiOperation({ summary: 'Create or change a rule; doing it twice changes nothing' })
  @Answers(ruleAnswer)
  put(
    @Param('name') name: string,
    @Body({ schema: putRuleSchema }) spec: z.infer<typeof putRuleSchema>,
  ): Promise<Rule> {
    return this.rooms.rules.put(readBody(ruleSchema, { ...spec, name: sameName(name, spec.name) }));
  }

  @Delete(':name')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a rule' })
  remove(@Param('name') name: string): Promise<void> {
    return this.rooms.rules.remove(name);
  }
}
