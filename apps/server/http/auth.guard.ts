import {
  Injectable,
  SetMetadata,
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { allows, ApiKeys, LeewayError, type Scope } from '#platform';

const SCOPE = 'leeway:scope';
const PUBLIC = 'leeway:public';
const KEY_IN_PATH = 'leeway:key-in-path';

/** The scope that a route needs. A route that names none needs `admin`. */
export const Needs = (scope: Scope): CustomDecorator => SetMetadata(SCOPE, scope);

/** A route without a key: health and metrics. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC, true);

/** A route whose key may stand in its path as `:ingestKey`, for senders that cannot send headers. */
export const KeyInPath = (): CustomDecorator => SetMetadata(KEY_IN_PATH, true);

/** Lets a request through when its key has the scope of the route. Denies by default. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeys,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, targets) === true) return true;
    const needed = this.reflector.getAllAndOverride<Scope | undefined>(SCOPE, targets) ?? 'admin';
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const isInPath = this.reflector.getAllAndOverride<boolean | undefined>(KEY_IN_PATH, targets) === true;
    const presented = bearerOf(request) ?? (isInPath ? keyInPathOf(request) : null);
    const key = presented === null ? null : await this.keys.authenticate(presented);
    if (key === null) {
      throw new LeewayError(
        'unauthenticated',
        presented === null
          ? 'send an API key as "Authorization: Bearer lw_…"'
          : 'this API key is not known here',
      );
    }
    if (!allows(key.scopes, needed)) {
      throw new LeewayError(
        'forbidden',
        `this needs a key with the scope "${needed}"; the key "${key.name}" has ${key.scopes.map((scope) => `"${scope}"`).join(', ')}`,
      );
    }
    return true;
  }
}

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

function keyInPathOf(request: FastifyRequest): string | null {
  return (request.params as { ingestKey?: string }).ingestKey ?? null;
}
