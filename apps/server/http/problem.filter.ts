import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Rooms } from '../rooms.js';
import { ROOMS } from '../tokens.js';
import { problemOf, toLeewayError } from './problem.js';
import { isReadOn, readOn } from './unread-body.js';

/** Answers every failure as problem details and counts it; logs those that are Leeway's own. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(ROOMS) private readonly rooms: Rooms) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toLeewayError(thrown);
    this.rooms.metrics.http.countError(error.code);
    const problem = problemOf(error, String(request.id));
    // A bug brings its stack; a database that is away says so in every request, and one line of it is enough.
    if (problem.status === 500) request.log.error({ reqId: request.id, err: thrown }, 'request failed');
    if (error.retryAfterSeconds !== null) void reply.header('retry-after', String(error.retryAfterSeconds));
    if (error.code === 'unauthenticated') void reply.header('www-authenticate', 'Bearer');
    if (!request.raw.readableDidRead) readOn(request.raw);
    // What is left of an upload that was refused in the middle would be taken for the next request. The framework closes every
    // connection whose body was refused, and resets senders that still write; one that is read on to its end need not be closed.
    if (request.raw.complete || isReadOn(request.raw)) void reply.removeHeader('connection');
    else void reply.header('connection', 'close');
    void reply
      .status(problem.status)
      .header('content-type', 'application/problem+json')
      .send(Buffer.from(JSON.stringify(problem)));
  }
}
