import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { groundTruthSchema, type GroundTruthReceipt } from '#ground-truth';
import { Needs } from '../http/access.js';
import { RawBody } from '../http/body-parsers.js';
import { usingRows } from '../http/ingest-request.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { groundTruthReceiptAnswer } from './performance-responses.js';
import { Answers } from './responses.js';

/** Where it arrives what really happened. */
@ApiTags('Ground truth')
@Controller('api/v1/models/:model')
@Needs('ingest')
export class GroundTruthController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post('ground-truth')
  @HttpCode(202)
  @RawBody()
  @ApiOperation({
    summary:
      'Send what really happened, by inference id: before its prediction or days after it, again, and corrected. Answered once it is durable',
  })
  @ApiParam({ name: 'model' })
  @ApiConsumes('application/json', 'application/x-ndjson', 'text/csv')
  @ApiBody({ schema: z.toJSONSchema(groundTruthSchema, { target: 'openapi-3.0', io: 'input' }) as object })
  @Answers(groundTruthReceiptAnswer, 202)
  accept(
    @Req() request: FastifyRequest<{ Params: { readonly model: string } }>,
  ): Promise<GroundTruthReceipt> {
    return usingRows(request, (rows) => this.rooms.groundTruthIntake.accept(request.params.model, rows));
  }
}
