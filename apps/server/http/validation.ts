import { Readable } from 'node:stream';
import { StandardSchemaValidationPipe, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { LeewayError, type ErrorPlace } from '#platform';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Problems that are listed; the rest is counted. */
const MAX_LISTED_ISSUES = 100;

/** Validates bodies and queries against the schemas that stand in the controllers. */
export class ValidationPipe implements PipeTransform {
  private readonly bodies = new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => invalid('invalid-body', 'the body', issues),
  });
  private readonly queries = new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => invalid('invalid-query', 'the query', issues),
  });

  transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type !== 'body') return this.queries.transform(value, metadata);
    if (value instanceof Readable && metadata.schema !== undefined) {
      throw new LeewayError('unsupported-media-type', 'this endpoint takes application/json');
    }
    if ((value === undefined || value === null) && metadata.schema !== undefined)
      throw new LeewayError('body-empty', 'the request has no body; send a JSON object');
    return this.bodies.transform(value, metadata);
  }
}

function invalid(
  code: 'invalid-body' | 'invalid-query',
  what: string,
  issues: readonly Issue[],
): LeewayError {
  const places: ErrorPlace[] = issues
    .slice(0, MAX_LISTED_ISSUES)
    .map(({ path, message }) => ({ pointer: pointerOf(path), detail: message }));
  const more = issues.length > places.length ? ` and ${issues.length - places.length} more` : '';
  return new LeewayError(
    code,
    `${what} is wrong at ${places.map(({ pointer, detail }) => `${pointer === '' ? 'its root' : pointer}: ${detail}`).join('; ')}${more}`,
    { places },
  );
}

function pointerOf(path: Issue['path']): string {
  return (path ?? [])
    .map((segment) => String(typeof segment === 'object' ? segment.key : segment))
    .map((segment) => `/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

/** Reads a body that was put together from several places. @throws LeewayError `invalid-body` */
export function readBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalid('invalid-body', 'the request', result.error.issues);
  return result.data;
}

/** Reads a query by hand, where a pipe on every request is too much. @throws LeewayError `invalid-query` */
export function readQuery<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalid('invalid-query', 'the query', result.error.issues);
  return result.data;
}

/** Ids are numbers; anything else is the id of nothing. */
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!/^\d{1,18}$/.test(value))
      throw new LeewayError('not-found', `there is nothing with the id ${JSON.stringify(value)}`);
    return value;
  }
}
