import { randomUUID } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { LogController, type FastifyInstance, type FastifyReply, type FastifyServerOptions } from 'fastify';
import { LeewayError, sweepTemporaryFolders, type Logger } from '#platform';
import { applyConfig } from './apply-config.js';
import { AppModule } from './app.module.js';
import { installAccess } from './http/access.js';
import { installBodyParsers } from './http/body-parsers.js';
import { NestLogger } from './http/nest-logger.js';
import { installOpenApi } from './http/openapi.js';
import { problemOf, toLeewayError } from './http/problem.js';
import { openRooms, type RoomsOptions } from './rooms.js';

/** Longest part of a path: an inference id of 256 UTF-16 code units is up to nine characters each when it is encoded. */
const MAX_PATH_PART_LENGTH = 256 * 9;

export interface RunningServer {
  readonly url: string;
  /** The first admin key when it was generated now, to be shown once; else null. */
  readonly generatedKey: string | null;
  /** Stops taking requests, finishes those under way, commits what waits, and closes the database. */
  stop(): Promise<void>;
}

/** Opens the rooms and serves them. */
export async function startServer(options: RoomsOptions): Promise<RunningServer> {
  const { environment, config, logger } = options;
  await sweepTemporaryFolders();
  const rooms = await openRooms(options);
  try {
    const generatedKey = await rooms.apiKeys.ensureAdminKey(environment.adminKey);
    await applyConfig(config, rooms);
    const app = await createApp(
      logger,
      AppModule.create({ environment, config, rooms, logger }),
      (fastify) => {
        installBodyParsers(fastify, rooms.heldBytes);
        installAccess(fastify, rooms.apiKeys);
        rooms.metrics.http.install(fastify);
      },
    );
    await app.listen(environment.port, environment.host);
    const url = (await app.getUrl()).replace('[::1]', 'localhost');
    if (environment.publicUrl === null) rooms.address.publicUrl = url;
    return {
      url,
      generatedKey,
      async stop() {
        await app.close();
        await rooms.committer.drain();
        await rooms.database.close();
      },
    };
  } catch (error) {
    await rooms.database.close();
    throw error;
  }
}

async function createApp(
  logger: Logger,
  module: ReturnType<typeof AppModule.create>,
  install: (fastify: FastifyInstance) => void,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter(fastifyOptions(logger));
  const app: NestFastifyApplication = await NestFactory.create(module, adapter, {
    bodyParser: false,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', String(request.id));
    // PostgreSQL cannot store or compare a NUL, and no name has one.
    if (/%00/.test(request.raw.url ?? ''))
      return done(new LeewayError('invalid-query', 'the URL holds a NUL character (%00)'));
    // A route that is not there needs no body.
    done(
      request.is404
        ? new LeewayError('not-found', `Cannot ${request.method} ${request.raw.url ?? ''}`)
        : undefined,
    );
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const level =
      reply.statusCode === 500
        ? 'error'
        : reply.statusCode > 500
          ? 'warn'
          : reply.statusCode >= 400
            ? 'info'
            : 'debug';
    if (logger.isLevelEnabled(level)) {
      logger[level](
        {
          reqId: request.id,
          method: request.method,
          route: request.routeOptions.url,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
        },
        'request',
      );
    }
    done();
  });
  install(fastify);
  installOpenApi(app);
  return app;
}

function fastifyOptions(logger: Logger): FastifyServerOptions {
  return {
    loggerInstance: logger,
    // Requests are logged once, by the hook above, with their outcome.
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request costs more than the rest of a request's way; where the id matters, it is logged.
    childLoggerFactory: (parent) => parent,
    genReqId: (request) => {
      const given = request.headers['x-request-id'];
      return typeof given === 'string' && /^[\w.-]{1,100}$/.test(given) ? given : randomUUID();
    },
    // A URL that cannot be decoded never reaches a route.
    frameworkErrors: (error, request, reply: FastifyReply) => {
      const problem = problemOf(toLeewayError(error), String(request.id));
      void reply
        .status(problem.status)
        .header('content-type', 'application/problem+json')
        .send(Buffer.from(JSON.stringify(problem)));
    },
    routerOptions: { maxParamLength: MAX_PATH_PART_LENGTH },
    forceCloseConnections: 'idle',
  };
}
