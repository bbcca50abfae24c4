import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { pageQuerySchema, type Page } from '#platform';
import { deploymentSchema, type Deployment, type DeploymentSpec } from '#registry';
import { Needs } from '../http/access.js';
import { IdPipe } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import type { PageQuery } from './queries.js';
import { Answers, deploymentAnswer, pageOf } from './responses.js';

@ApiTags('Deployments')
@Controller('api/v1')
export class DeploymentsController {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  @Post('models/:model/deployments')
  @ApiOperation({ summary: 'Say that a version went live; a full deployment ends the full one before it' })
  @Answers(deploymentAnswer, 201)
  register(
    @Param('model') model: string,
    @Body({ schema: deploymentSchema }) spec: DeploymentSpec,
  ): Promise<Deployment> {
    return this.rooms.deployments.register(model, spec);
  }

  @Get('models/:model/deployments')
  @Needs('read')
  @ApiOperation({ summary: 'List the deployments of a model, newest first' })
  @Answers(pageOf(deploymentAnswer))
  list(
    @Param('model') model: string,
    @Query({ schema: pageQuerySchema }) query: PageQuery,
  ): Promise<Page<Deployment>> {
    return this.rooms.deployments.list(model, query);
  }

  @Post('deployments/:id/end')
  @HttpCode(200)
  @ApiOperation({ summary: 'End a deployment now' })
  @Answers(deploymentAnswer)
  end(@Param('id', IdPipe) id: string): Promise<Deployment> {
    return this.rooms.deployments.end(id);
  }
}
