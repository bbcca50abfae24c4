import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { apiKeySchema, type ApiKey, type ApiKeySpec, type Page } from '#platform';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { Answers, apiKeyAnswer, newApiKeyAnswer, pageOf } from './responses.js';

@ApiTags('API keys')
@Controller('api/v1/api-keys')
export class ApiKeysController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post()
  @ApiOperation({ summary: 'Create a key; it is shown once' })
  @Answers(newApiKeyAnswer, 201)
  create(@Body({ schema: apiKeySchema }) spec: ApiKeySpec): Promise<ApiKey & { key: string }> {
    return this.rooms.apiKeys.create(spec);
  }

  @Get()
  @ApiOperation({ summary: 'List keys, without their secrets' })
  @Answers(pageOf(apiKeyAnswer))
  async list(): Promise<Page<ApiKey>> {
    return { items: await this.rooms.apiKeys.list(), nextCursor: null };
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a key; replicas forget it within 10 seconds' })
  remove(@Param('id') id: string): Promise<void> {
    return this.rooms.apiKeys.remove(id);
  }
}
