/** The HTTP framework alone: Nest on Fastify, a body that is read and thrown away, an answer of the same size. */
import 'reflect-metadata';
import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

@Controller()
class Discard {
  @Post('discard')
  @HttpCode(202)
  discard(): object {
    return {
      payloadId: 'load-12-3456',
      status: 'accepted',
      part: 'whole',
      receivedCount: 100,
      acceptedCount: 100,
      sampledOutCount: 0,
      rejectedCount: 0,
      rejections: [],
      omittedRejectionCount: 0,
      ignoredColumns: [],
    };
  }
}

@Module({ controllers: [Discard] })
class DiscardModule {}

const adapter = new FastifyAdapter({ bodyLimit: 64 * 1024 * 1024 });
const app: NestFastifyApplication = await NestFactory.create(DiscardModule, adapter, {
  bodyParser: false,
  logger: false,
});
const fastify = adapter.getInstance();
fastify.removeAllContentTypeParsers();
fastify.addContentTypeParser(
  '*',
  { parseAs: 'buffer' },
  (_request: unknown, body: unknown, done: (error: null, body: unknown) => void) => done(null, body),
);
await app.listen(Number(process.env['PORT']), '127.0.0.1');
console.log('listens');
