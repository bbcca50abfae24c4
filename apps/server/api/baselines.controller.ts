import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { CapturedBaseline, FirstBaselineStatus } from '#ingest';
import { pageQuerySchema, type Page } from '#platform';
import {
  importancesSchema,
  type Baseline,
  type BaselineBody,
  type BaselineComparison,
  type BaselineDetails,
  type Importances,
  type RegistrationOptions,
  type UploadTracking,
} from '#registry';
import { STREAM_TYPES } from '../http/body-parsers.js';
import { IdPipe } from '../http/validation.js';
import { Needs } from '../http/access.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { drain, readBaselineRequest } from './baseline-source.js';
import {
  baselineComparisonQuerySchema,
  registrationQuerySchema,
  type BaselineComparisonQuery,
  type PageQuery,
  type RegistrationQuery,
} from './queries.js';
import {
  Answers,
  baselineAnswer,
  baselineComparisonAnswer,
  baselineDetailsAnswer,
  baselineUploadAnswer,
  firstBaselineAnswer,
  newBaselineAnswer,
  pageOf,
} from './responses.js';
import { shownUpload, type ShownUpload } from './shown-upload.js';

@ApiTags('Baselines')
@Controller('api/v1')
export class BaselinesController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post('models/:model/versions/:version/baselines')
  @ApiOperation({
    summary:
      'Register a baseline: stream CSV, NDJSON or Parquet, or post { rows }, { capturedRows }, { profile } or { inherit }',
  })
  @Answers(newBaselineAnswer, 201)
  @ApiConsumes('application/json', ...Object.keys(STREAM_TYPES))
  @ApiBody({
    schema: {
      description:
        'JSON with exactly one of rows, capturedRows, profile and inherit, and importances where wanted; or a stream in one of the other types. See docs/baselines.md',
    },
  })
  async register(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: registrationQuerySchema }) query: RegistrationQuery,
    @Req() request: FastifyRequest,
    @Body() body: unknown,
  ): Promise<BaselineDetails> {
    const given = readBaselineRequest(request, body);
    const options = { isPromoted: query.promote === 'true' };
    const register = (upload?: UploadTracking): Promise<BaselineDetails> =>
      given.kind === 'json'
        ? this.registerJson(model, version, given.body, { ...options, progress: upload })
        : this.rooms.baselines.register(model, version, upload?.counting(given.source) ?? given.source, {
            ...options,
            progress: upload,
          });
    try {
      if (query.uploadId === undefined) return await register();
      return await this.rooms.baselineUploads.track(model, version, query.uploadId, register);
    } catch (error) {
      if (given.kind === 'stream') await drain(given.stream);
      throw error;
    }
  }

  @Get('models/:model/versions/:version/baselines')
  @Needs('read')
  @ApiOperation({ summary: 'List the baselines of a version' })
  @Answers(pageOf(baselineAnswer))
  list(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<Baseline>> {
    return this.rooms.baselines.list(model, version, query);
  }

  @Get('models/:model/versions/:version/baseline-uploads/:uploadId')
  @Needs('read')
  @ApiOperation({ summary: 'How far an upload is that was posted with ?uploadId; known for a day' })
  @Answers(baselineUploadAnswer)
  async upload(
    @Param('model') model: string,
    @Param('version') version: string,
    @Param('uploadId') uploadId: string,
    @Req() request: FastifyRequest,
  ): Promise<ShownUpload> {
    return shownUpload(await this.rooms.baselineUploads.get(model, version, uploadId), String(request.id));
  }

  @Get('models/:model/versions/:version/first-baseline')
  @Needs('read')
  @ApiOperation({
    summary: 'Whether a baseline is made of the first rows of the version, and what it waits for',
  })
  @Answers(firstBaselineAnswer)
  firstBaseline(
    @Param('model') model: string,
    @Param('version') version: string,
  ): Promise<FirstBaselineStatus> {
    return this.rooms.firstBaselines.status(model, version);
  }

  @Get('baselines/:id')
  @Needs('read')
  @ApiOperation({ summary: 'One baseline with what it says of each column' })
  @Answers(baselineDetailsAnswer)
  get(@Param('id', IdPipe) id: string): Promise<BaselineDetails> {
    return this.rooms.baselines.get(id);
  }

  @Get('baselines/:id/comparison')
  @Needs('read')
  @ApiOperation({ summary: 'How another baseline compares with this one, on the grid of this one' })
  @Answers(baselineComparisonAnswer)
  compare(
    @Param('id', IdPipe) id: string,
    @Query({ schema: baselineComparisonQuerySchema }) query: BaselineComparisonQuery,
  ): Promise<BaselineComparison> {
    return this.rooms.baselines.compare(id, query.with);
  }

  @Post('baselines/:id/promotion')
  @HttpCode(200)
  @ApiOperation({ summary: 'Let a candidate or an older baseline count from the next window boundary on' })
  @Answers(baselineDetailsAnswer)
  promote(@Param('id', IdPipe) id: string): Promise<BaselineDetails> {
    return this.rooms.baselines.promote(id);
  }

  @Put('baselines/:id/importances')
  @ApiOperation({ summary: 'Set the importances of features that came with a baseline' })
  @Answers(baselineDetailsAnswer)
  setImportances(
    @Param('id', IdPipe) id: string,
    @Body({ schema: importancesSchema }) importances: Importances,
  ): Promise<BaselineDetails> {
    return this.rooms.baselines.setImportances(id, importances);
  }

  private registerJson(
    model: string,
    version: string,
    { rows, capturedRows, profile, inherit, importances }: BaselineBody,
    registration: RegistrationOptions,
  ): Promise<BaselineDetails | CapturedBaseline> {
    const { baselines, capturedBaselines } = this.rooms;
    const options = { ...registration, importances };
    if (inherit !== undefined) return baselines.inherit(model, version, inherit, options);
    if (profile !== undefined)
      return baselines.register(model, version, { kind: 'profile', profile }, options);
    if (capturedRows === undefined)
      return baselines.register(model, version, { kind: 'rows', rows: rows ?? [] }, options);
    const range = { from: Date.parse(capturedRows.from), to: Date.parse(capturedRows.to) };
    return capturedBaselines.register(model, version, { version: capturedRows.version, range }, options);
  }
}
