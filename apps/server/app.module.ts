import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { ApiKeys, type Environment, type Logger } from '#platform';
import { AlertsController } from './api/alerts.controller.js';
import { ApiKeysController } from './api/api-keys.controller.js';
import { BaselinesController } from './api/baselines.controller.js';
import { CapturedRowsController } from './api/captured-rows.controller.js';
import { DeploymentsController } from './api/deployments.controller.js';
import { DriftController } from './api/drift.controller.js';
import { GroundTruthController } from './api/ground-truth.controller.js';
import { InferencesController } from './api/inferences.controller.js';
import { ModelsController } from './api/models.controller.js';
import { NotificationsController } from './api/notifications.controller.js';
import { OperationsController } from './api/operations.controller.js';
import { PerformanceController } from './api/performance.controller.js';
import { RetrainingRunsController } from './api/retraining-runs.controller.js';
import { RulesController } from './api/rules.controller.js';
import { SignalsController } from './api/signals.controller.js';
import { CollectorsController } from './api/collectors.controller.js';
import { SourcesController } from './api/sources.controller.js';
import { WindowsController } from './api/windows.controller.js';
import type { LeewayConfig } from './config.js';
import { ProblemFilter } from './http/problem.filter.js';
import { ValidationPipe } from './http/validation.js';
import type { Rooms } from './rooms.js';
import { SourceReaders } from './source-readers.js';
import { CONFIG, ENVIRONMENT, LOGGER, ROOMS } from './tokens.js';
import { Worker } from './worker.js';

const API_CONTROLLERS: Type[] = [
  AlertsController,
  ApiKeysController,
  BaselinesController,
  CapturedRowsController,
  DeploymentsController,
  DriftController,
  ModelsController,
  NotificationsController,
  PerformanceController,
  RetrainingRunsController,
  RulesController,
  SignalsController,
  CollectorsController,
  SourcesController,
  WindowsController,
];

export interface AppOptions {
  readonly environment: Environment;
  readonly config: LeewayConfig;
  readonly rooms: Rooms;
  readonly logger: Logger;
}

/** The Nest application: HTTP in front of the rooms, and the worker's ticks. */
@Module({})
export class AppModule {
  static create({ environment, config, rooms, logger }: AppOptions): DynamicModule {
    const { roles } = environment;
    const providers: Provider[] = [
      { provide: ROOMS, useValue: rooms },
      { provide: CONFIG, useValue: config },
      { provide: ENVIRONMENT, useValue: environment },
      { provide: LOGGER, useValue: logger },
      { provide: ApiKeys, useValue: rooms.apiKeys },
      { provide: APP_PIPE, useClass: ValidationPipe },
      { provide: APP_FILTER, useClass: ProblemFilter },
      Worker,
      SourceReaders,
    ];
    return {
      module: AppModule,
      imports: [ScheduleModule.forRoot()],
      controllers: [
        OperationsController,
        ...(roles.has('ingest') ? [GroundTruthController, InferencesController] : []),
        ...(roles.has('api') ? API_CONTROLLERS : []),
      ],
      providers,
    };
  }
}
