import {
  Injectable,
  SetMetadata,
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { allows, ApiKeys, LeewayError, type ApiKey, type Scope } from '#platform';

const SCOPE = 'leeway:scope';
const PUBLIC = 'leeway:public';
const KEY_IN_PATH = 'leeway:key-in-path';

/** The scope that a route needs. A route that names none needs `admin`. */
export const Needs = (scope: Scope): CustomDecorator => SetMetadata(SCOPE, scope);

/** A route without a key: health and metrics. */
export const Public = (): CustomDecorator => SetMetadata(PUBLIC, true);

/** A route whose key may stand in its path as `:ingestKey`, for senders that cannot send headers. */
export const KeyInPath = (): CustomDecorator => SetMetadata(KEY_IN_PATH, true);

/** Who may call a route. */
interface Access {
  readonly isPublic: boolean;
  readonly needed: Scope;
  readonly isKeyInPath: boolean;
}

/** Lets a request through when its key has the scope of the route. Denies by default. */
@Injectable()
export class AuthGuard implements CanActivate {
  /** By route handler: what its decorators say never changes, and looking it up costs more than the check itself. */
  private readonly accesses = new Map<unknown, Access>();

  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeys,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const { isPublic, needed, isKeyInPath } = this.accessOf(context);
    if (isPublic) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const presented = bearerOf(request) ?? (isKeyInPath ? keyInPathOf(request) : null);
    if (presented === null)
      throw new LeewayError('unauthenticated', 'send an API key as "Authorization: Bearer lw_…"');
    const verified = this.keys.verified(presented);
    if (verified !== null) return isAllowed(verified, needed);
    return this.keys.authenticate(presented).then((key) => isAllowed(key, needed));
  }

  private accessOf(context: ExecutionContext): Access {
    const handler = context.getHandler();
    let access = this.accesses.get(handler);
    if (access === undefined) {
      const targets = [handler, context.getClass()];
      const isMarked = (mark: string): boolean =>
        this.reflector.getAllAndOverride<boolean | undefined>(mark, targets) === true;
      access = {
        isPublic: isMarked(PUBLIC),
        needed: this.reflector.getAllAndOverride<Scope | undefined>(SCOPE, targets) ?? 'admin',
        isKeyInPath: isMarked(KEY_IN_PATH),
      };
      this.accesses.set(handler, access);
    }
    return access;
  }
}

/** @throws LeewayError `unauthenticated`, `forbidden` */
function isAllowed(key: ApiKey | null, needed: Scope): true {
  if (key === null) throw new LeewayError('unauthenticated', 'this API key is not known here');
  if (allows(key.scopes, needed)) return true;
  throw new LeewayError(
    'forbidden',
    `this needs a key with the scope "${needed}"; the key "${key.name}" has ${key.scopes.map((scope) => `"${scope}"`).join(', ')}`,
  );
}

function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

function keyInPathOf(request: FastifyRequest): string | null {
  return (request.params as { ingestKey?: string }).ingestKey ?? null;
}
