import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { LeewayError, pageQuerySchema, type Page } from '#platform';
import {
  modelSchema,
  versionSchema,
  type Model,
  type ModelSpec,
  type Version,
  type VersionSpec,
} from '#registry';
import { Needs } from '../http/access.js';
import { readBody } from '../http/validation.js';
import type { ModelDeletionResult } from '../model-deletion.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { deletionQuery, type PageQuery } from './queries.js';
import { Answers, deletedModelAnswer, modelAnswer, pageOf, versionAnswer } from './responses.js';

const putModelSchema = modelSchema.partial({ name: true });
const putVersionSchema = versionSchema.partial({ name: true });

@ApiTags('Models')
@Controller('api/v1/models')
export class ModelsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post()
  @ApiOperation({ summary: 'Register a model' })
  @Answers(modelAnswer, 201)
  async create(@Body({ schema: modelSchema }) spec: ModelSpec): Promise<object> {
    return shownModel(await this.rooms.models.create(spec));
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'List models' })
  @Answers(pageOf(modelAnswer))
  async list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<object>> {
    const page = await this.rooms.models.list(query);
    return { ...page, items: page.items.map(shownModel) };
  }

  @Get(':model')
  @Needs('read')
  @ApiOperation({ summary: 'One model' })
  @Answers(modelAnswer)
  async get(@Param('model') model: string): Promise<object> {
    return shownModel(await this.rooms.models.get(model));
  }

  @Put(':model')
  @ApiOperation({ summary: 'Create or change a model; doing it twice changes nothing' })
  @Answers(modelAnswer)
  async put(
    @Param('model') name: string,
    @Body({ schema: putModelSchema }) spec: z.infer<typeof putModelSchema>,
  ): Promise<object> {
    return shownModel(
      await this.rooms.models.put(readBody(modelSchema, { ...spec, name: sameName(name, spec.name) })),
    );
  }

  @Delete(':model')
  @ApiOperation({ summary: 'Delete a model with all that is its; confirm must be its name' })
  @Answers(deletedModelAnswer)
  async remove(
    @Param('model') name: string,
    @Query({ schema: deletionQuery }) { confirm }: z.infer<typeof deletionQuery>,
  ): Promise<ModelDeletionResult> {
    await this.rooms.models.get(name);
    if (confirm !== name) {
      const detail = `send ?confirm=${name} to delete the model ${JSON.stringify(name)} with its versions, windows, captured rows, alerts and all else that is its; nothing brings them back`;
      throw new LeewayError('confirmation-required', detail, {
        places: [{ pointer: '/confirm', detail: 'must be the name of the model' }],
      });
    }
    return this.rooms.modelDeletion.remove(name);
  }

  @Post(':model/versions')
  @ApiOperation({ summary: 'Register a version with its schema' })
  @Answers(versionAnswer, 201)
  async createVersion(
    @Param('model') model: string,
    @Body({ schema: versionSchema }) spec: VersionSpec,
  ): Promise<object> {
    return shownVersion(await this.rooms.models.createVersion(model, spec));
  }

  @Get(':model/versions')
  @Needs('read')
  @ApiOperation({ summary: 'List the versions of a model' })
  @Answers(pageOf(versionAnswer))
  async listVersions(
    @Param('model') model: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<object>> {
    const page = await this.rooms.models.listVersions(model, query);
    return { ...page, items: page.items.map(shownVersion) };
  }

  @Get(':model/versions/:version')
  @Needs('read')
  @ApiOperation({ summary: 'One version with its schema' })
  @Answers(versionAnswer)
  async getVersion(@Param('model') model: string, @Param('version') version: string): Promise<object> {
    return shownVersion(await this.rooms.models.getVersion(model, version));
  }

  @Put(':model/versions/:version')
  @HttpCode(200)
  @ApiOperation({ summary: 'Create a version or change its description; its columns cannot change' })
  @Answers(versionAnswer)
  async putVersion(
    @Param('model') model: string,
    @Param('version') name: string,
    @Body({ schema: putVersionSchema }) spec: z.infer<typeof putVersionSchema>,
  ): Promise<object> {
    return shownVersion(
      await this.rooms.models.putVersion(
        model,
        readBody(versionSchema, { ...spec, name: sameName(name, spec.name) }),
      ),
    );
  }
}

/** The name of the path; a body that names another thing is a mistake. */
export function sameName(inPath: string, inBody: string | undefined): string {
  if (inBody !== undefined && inBody !== inPath) {
    throw new LeewayError(
      'invalid-body',
      `the path says ${JSON.stringify(inPath)} and the body ${JSON.stringify(inBody)}`,
      { places: [{ pointer: '/name', detail: 'leave it out, or repeat the name of the path' }] },
    );
  }
  return inPath;
}

function shownModel({ id: _id, grainMs: _grainMs, ...model }: Model): object {
  return model;
}

function shownVersion({ id: _id, model, ...version }: Version): object {
  return { model: model.name, ...version };
}
