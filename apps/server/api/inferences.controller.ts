import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  inferencesSchema,
  partSchema,
  type EventReceipt,
  type IngestContent,
  type IngestReceipt,
} from '#ingest';
import { PAYLOAD_PARTS } from '#payloads';
import { LeewayError } from '#platform';
import { KeyInPath, Needs } from '../http/access.js';
import { RawBody } from '../http/body-parsers.js';
import { ingestRequest } from '../http/ingest-request.js';
import { readQuery } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { Answers, eventReceiptAnswer, receiptAnswer } from './responses.js';

/** Taken whole and not by its parts: the framework would run its pipes over each of them, for every request. */
type IngestHttpRequest = FastifyRequest<{
  Params: { readonly model: string; readonly version: string };
  Querystring: { readonly part?: string };
  Headers: { readonly 'idempotency-key'?: string };
}>;

const partQuery = z.object({ part: partSchema.optional() });

/** Where payloads arrive. Bodies are decoded by the room, not by the framework: see `ingestRequest`. */
@ApiTags('Inferences')
@Controller('api/v1')
@Needs('ingest')
export class InferencesController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post('models/:model/versions/:version/inferences')
  @HttpCode(202)
  @RawBody()
  @ApiOperation({
    summary:
      'Send rows that were served. Answered once they are durable; a payload id that was counted before is a duplicate',
  })
  @ApiConsumes(
    'application/json',
    'application/x-ndjson',
    'text/csv',
    'application/octet-stream',
    'application/vnd.apache.parquet',
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
  )
  @ApiParam({ name: 'model' })
  @ApiParam({ name: 'version' })
  @ApiHeader({ name: 'idempotency-key', required: false })
  @ApiQuery({ name: 'part', required: false, enum: PAYLOAD_PARTS, description: partSchema.description ?? '' })
  @ApiBody({ schema: z.toJSONSchema(inferencesSchema, { target: 'openapi-3.0', io: 'input' }) as object })
  @Answers(receiptAnswer, 202)
  accept(@Req() request: IngestHttpRequest): Promise<IngestReceipt | EventReceipt> {
    const { model, version } = request.params;
    const payloadId = request.headers['idempotency-key'];
    const part = request.query.part === undefined ? undefined : readQuery(partQuery, request.query).part;
    const read = ingestRequest(request, { payloadId, part });
    const { ingest, parquetIngest } = this.rooms;
    return read.kind === 'delivery'
      ? ingest.accept(model, version, read.delivery)
      : parquetIngest.accept(model, version, { stream: read.stream, payloadId, part });
  }

  @Post('ingest/:ingestKey/models/:model/versions/:version/events')
  @HttpCode(200)
  @KeyInPath()
  @RawBody()
  @ApiOperation({
    summary:
      "Where a payload logger that cannot send headers of its own, such as KServe's, posts its CloudEvents: the API key stands in the path",
  })
  @ApiParam({ name: 'ingestKey' })
  @ApiParam({ name: 'model' })
  @ApiParam({ name: 'version' })
  @ApiConsumes('application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json')
  @ApiBody({
    schema: {
      description:
        'The data of one event whose attributes stand in ce- headers, or a CloudEvents object or batch; the data in any form of JSON or with binary tensors',
    },
  })
  @Answers(eventReceiptAnswer, 200)
  events(@Req() request: IngestHttpRequest): Promise<IngestReceipt | EventReceipt> {
    const { model, version } = request.params;
    const read = ingestRequest(request, { payloadId: undefined, part: undefined });
    if (read.kind === 'parquet') throw noEvents();
    const { delivery } = read;
    return this.rooms.ingest.accept(model, version, {
      read: () => eventsIn(delivery.read()),
      release: () => delivery.release(),
    });
  }
}

/** @throws LeewayError `unsupported-media-type` for a payload that no logger has sent */
function eventsIn(content: IngestContent): IngestContent {
  if (content.kind === 'events') return content;
  throw noEvents();
}

function noEvents(): LeewayError {
  return new LeewayError(
    'unsupported-media-type',
    'this endpoint takes CloudEvents: ce- headers, application/cloudevents+json or application/cloudevents-batch+json',
  );
}
