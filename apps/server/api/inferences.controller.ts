import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiHeader, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  inferencesSchema,
  partSchema,
  type BesideBody,
  type EventReceipt,
  type IngestReceipt,
} from '#ingest';
import { PAYLOAD_PARTS } from '#payloads';
import { LeewayError } from '#platform';
import { KeyInPath, Needs } from '../http/access.js';
import { RawBody } from '../http/body-parsers.js';
import { readIngestRequest, type IngestRequest } from '../http/ingest-request.js';
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

/** Where payloads arrive. Bodies are decoded by the room, not by the framework: see `readIngestRequest`. */
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
    const read = this.read(request, { payloadId, part });
    if (read instanceof Promise) return read;
    const { ingest, parquetIngest } = this.rooms;
    switch (read.kind) {
      case 'payload':
        return ingest.accept(model, version, read.message);
      case 'events':
        return ingest.acceptEvents(model, version, read.events);
      case 'parquet':
        return parquetIngest.accept(model, version, { stream: read.stream, payloadId, part });
    }
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
  events(@Req() request: IngestHttpRequest): Promise<EventReceipt> {
    const { model, version } = request.params;
    const { ingest } = this.rooms;
    const read = this.read(request, { payloadId: undefined, part: undefined });
    if (read instanceof Promise) return read;
    if (read.kind === 'events') return ingest.acceptEvents(model, version, read.events);
    throw new LeewayError(
      'unsupported-media-type',
      'this endpoint takes CloudEvents: ce- headers, application/cloudevents+json or application/cloudevents-batch+json',
    );
  }

  /** The request as it is read at once, as nearly all are; one that cannot be read is counted first, and then refused. */
  private read(request: IngestHttpRequest, beside: BesideBody): IngestRequest | Promise<never> {
    try {
      return readIngestRequest(request, beside);
    } catch (error) {
      return this.refuse(request, error);
    }
  }

  private async refuse({ params }: IngestHttpRequest, error: unknown): Promise<never> {
    if (error instanceof LeewayError) await this.rooms.ingest.countUnreadable(params.model, params.version);
    throw error;
  }
}
