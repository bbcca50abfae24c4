import { Body, Controller, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { inferencesSchema, type InferencesBody, type IngestReceipt } from '#ingest';
import { LeewayError } from '#platform';
import { Needs } from '../http/auth.guard.js';
import { readBody } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { Answers, receiptAnswer } from './responses.js';

@ApiTags('Inferences')
@Controller('api/v1/models/:model/versions/:version/inferences')
export class InferencesController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post()
  @HttpCode(202)
  @Needs('ingest')
  @ApiOperation({
    summary:
      'Send rows that were served. Answered once they are durable; a payload id that was counted before is a duplicate',
  })
  @Answers(receiptAnswer, 202)
  accept(
    @Param('model') model: string,
    @Param('version') version: string,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Body({ schema: inferencesSchema }) body: InferencesBody,
  ): Promise<IngestReceipt> {
    const payloadId = body.payloadId ?? idempotencyKey;
    if (idempotencyKey !== undefined && idempotencyKey !== payloadId) {
      throw new LeewayError('invalid-body', 'the header Idempotency-Key and payloadId differ', {
        places: [{ pointer: '/payloadId', detail: 'must equal the header Idempotency-Key' }],
      });
    }
    return this.rooms.ingest.accept(model, version, {
      ...body,
      payloadId: readBody(inferencesSchema.shape.payloadId, payloadId),
    });
  }
}
