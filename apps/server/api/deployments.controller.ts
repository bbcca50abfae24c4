import { Body, Controller, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { pageQuerySchema, type Page } from '#platform';
import {
  argoRolloutsEvent,
  argoRolloutsSchema,
  deploymentSchema,
  deploymentShareSchema,
  flaggerEvent,
  flaggerQuerySchema,
  flaggerSchema,
  type ArgoRolloutsBody,
  type Deployment,
  type DeploymentSpec,
  type FlaggerBody,
  type FlaggerQuery,
  type UnknownVersion,
} from '#registry';
import { KeyInPath, Needs } from '../http/access.js';
import { IdPipe } from '../http/validation.js';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import type { PageQuery } from './queries.js';
import { Answers, deploymentAnswer, pageOf, rolloutAnswer, unknownVersionsAnswer } from './responses.js';

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

  @Get('models/:model/unknown-versions')
  @Needs('read')
  @ApiOperation({ summary: 'Versions that stand in the signals of a model and are not registered' })
  @Answers(unknownVersionsAnswer)
  async unknownVersions(@Param('model') model: string): Promise<{ items: UnknownVersion[] }> {
    return { items: await this.rooms.versionSightings.unknownVersions(model) };
  }

  @Patch('deployments/:id')
  @ApiOperation({ summary: 'Change the share of the traffic that a deployment takes' })
  @Answers(deploymentAnswer)
  setShare(
    @Param('id', IdPipe) id: string,
    @Body({ schema: deploymentShareSchema }) { trafficShare }: { trafficShare: number },
  ): Promise<Deployment> {
    return this.rooms.deployments.setShare(id, trafficShare);
  }

  @Post('webhooks/argo-rollouts')
  @HttpCode(200)
  @ApiOperation({ summary: 'Where the notification templates for Argo Rollouts post' })
  @Answers(rolloutAnswer)
  async argoRollouts(
    @Body({ schema: argoRolloutsSchema }) body: ArgoRolloutsBody,
  ): Promise<{ deployment: Deployment | null }> {
    const event = argoRolloutsEvent(body);
    return { deployment: await this.rooms.deployments.recordRollout(body.model, event, 'argo-rollouts') };
  }

  @Post('webhooks/flagger/:ingestKey')
  @HttpCode(200)
  @KeyInPath()
  @ApiParam({ name: 'ingestKey' })
  @ApiOperation({
    summary:
      'Where an event webhook of Flagger posts; it sends no headers, so the API key stands in the path',
  })
  @Answers(rolloutAnswer)
  async flagger(
    @Query({ schema: flaggerQuerySchema }) query: FlaggerQuery,
    @Body({ schema: flaggerSchema }) body: FlaggerBody,
  ): Promise<{ deployment: Deployment | null }> {
    const event = flaggerEvent(body, query);
    const deployment =
      event === null ? null : await this.rooms.deployments.recordRollout(query.model, event, 'flagger');
    return { deployment };
  }

  @Post('deployments/:id/end')
  @HttpCode(200)
  @ApiOperation({ summary: 'End a deployment now' })
  @Answers(deploymentAnswer)
  end(@Param('id', IdPipe) id: string): Promise<Deployment> {
    return this.rooms.deployments.end(id);
  }
}
