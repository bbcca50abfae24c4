import { Readable } from 'node:stream';
import { Controller, Delete, Get, Inject, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { ColumnExamples, ExportFormat, StoredCapturedRow } from '#ingest';
import type { Page } from '#platform';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { capturedRowsQuery, examplesQuery, exportQuery, rangeOf, windowStartOf } from './queries.js';
import {
  Answers,
  AnswersFile,
  capturedRowAnswer,
  deletedInferenceAnswer,
  examplesAnswer,
  exportedRowAnswer,
  pageOf,
  parquetAnswer,
} from './responses.js';

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

@ApiTags('Captured rows')
@Controller('api/v1/models/:model')
export class CapturedRowsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Get('versions/:version/captured-rows')
  @Needs('read')
  @ApiOperation({ summary: 'List captured rows, in the order in which they were stored' })
  @Answers(pageOf(capturedRowAnswer))
  list(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: capturedRowsQuery }) query: z.infer<typeof capturedRowsQuery>,
  ): Promise<Page<StoredCapturedRow>> {
    const { limit, cursor } = query;
    return this.rooms.capturedRows.list(model, version, { limit, cursor, ...rangeOf(query) });
  }

  @Get('versions/:version/captured-rows/export')
  @Needs('read')
  @ApiOperation({ summary: 'All captured rows of a range as one file, for training or as a baseline' })
  @AnswersFile({ [CONTENT_TYPES.ndjson]: exportedRowAnswer, [CONTENT_TYPES.parquet]: parquetAnswer })
  async export(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: exportQuery }) query: z.infer<typeof exportQuery>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const { format } = query;
    const bytes = await this.rooms.capturedExport.open(
      model,
      version,
      { format, ...rangeOf(query) },
      closedSignal(reply),
    );
    // Bytes that come to no end break the connection, so that nobody takes them for the whole file.
    return new StreamableFile(Readable.from(bytes, { objectMode: false }), {
      type: CONTENT_TYPES[format],
      disposition: `attachment; filename="${model}-${version}-captured-rows.${format}"`,
    });
  }

  @Get('versions/:version/windows/:start/examples')
  @Needs('read')
  @ApiOperation({ summary: 'Captured rows of a window that show what is going on in a column' })
  @Answers(examplesAnswer)
  examples(
    @Param('model') model: string,
    @Param('version') version: string,
    @Param('start') start: string,
    @Query({ schema: examplesQuery }) query: z.infer<typeof examplesQuery>,
  ): Promise<ColumnExamples> {
    const { column, kind, value, limit } = query;
    return this.rooms.capturedExamples.find(model, version, windowStartOf(start), {
      column,
      kind,
      value,
      limit,
    });
  }

  @Delete('inferences/:inferenceId')
  @ApiOperation({
    summary:
      'Delete everything that is kept of one inference, in all versions of the model: what was captured, and its ground truth',
  })
  @Answers(deletedInferenceAnswer)
  async deleteInference(
    @Param('model') model: string,
    @Param('inferenceId') inferenceId: string,
  ): Promise<z.infer<typeof deletedInferenceAnswer>> {
    const { rowCount, hadGroundTruth } = await this.rooms.capturedRows.deleteInference(model, inferenceId);
    return { model, inferenceId, deletedRowCount: rowCount, deletedGroundTruth: hadGroundTruth };
  }
}

/** Aborts when the answer is sent, or when the client no longer wants it. */
function closedSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}
