import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify';
import { allows, LeewayError, type ApiKey, type ApiKeys, type Scope } from '#platform';
import { markRoute, markRoutes } from './route-config.js';

const ACCESS = 'leewayAccess';

/** Who may call a route. */
type Access = { readonly isPublic: true } | { readonly isPublic: false; readonly needed: Scope };

const KEY_IN_PATH = 'leewayKeyInPath';

/** The scope that a route needs, or all of a controller's routes that do not say otherwise. A route that names none needs `admin`. */
export const Needs = (needed: Scope): MethodDecorator & ClassDecorator => marks({ isPublic: false, needed });

/** A route without a key: health and metrics. */
export const Public = (): MethodDecorator & ClassDecorator => marks({ isPublic: true });

/** A route whose key may stand in its path as `:ingestKey`, for senders that cannot send headers. */
export const KeyInPath = (): MethodDecorator => markRoute({ [KEY_IN_PATH]: true });

/** Said to Fastify: Nest's own guards run when the body has been read. */
function marks(access: Access): MethodDecorator & ClassDecorator {
  return (...args: readonly unknown[]): void => {
    if (args.length === 1) markRoutes({ [ACCESS]: access })(...(args as Parameters<ClassDecorator>));
    else markRoute({ [ACCESS]: access })(...(args as Parameters<MethodDecorator>));
  };
}

/** Routes of the API's description, which Nest does not know: they tell nothing of what is in Leeway. */
const DESCRIPTION = /^\/api\/(docs|openapi\.)/;

/**
 * Lets a request through when its key has the scope of its route. Denies by default, and before anything of the body is read: what a
 * stranger sends must not take memory.
 */
export function installAccess(fastify: FastifyInstance, keys: ApiKeys): void {
  fastify.addHook('onRoute', (route) => {
    const config = (route.config ?? {}) as Readonly<Record<string, unknown>>;
    const access = (config[ACCESS] as Access | undefined) ?? accessOf(route.url);
    if (access.isPublic) return;
    const isKeyInPath = config[KEY_IN_PATH] === true;
    const others = route.onRequest === undefined ? [] : [route.onRequest].flat();
    route.onRequest = [checkFor(access.needed, isKeyInPath, keys), ...others];
  });
}

/** The access of a route that says nothing of it. */
function accessOf(url: string): Access {
  return DESCRIPTION.test(url) ? { isPublic: true } : { isPublic: false, needed: 'admin' };
}

/** The check of a route. A key that was verified a moment ago costs no promise. */
function checkFor(needed: Scope, isKeyInPath: boolean, keys: ApiKeys): onRequestHookHandler {
  return (request, _reply, done) => {
    const presented = bearerOf(request) ?? (isKeyInPath ? keyInPathOf(request) : null);
    if (presented === null)
      return done(new LeewayError('unauthenticated', 'send an API key as "Authorization: Bearer lw_…"'));
    const verified = keys.verified(presented);
    if (verified !== null) return done(refusalOf(verified, needed));
    keys.authenticate(presented).then((key) => done(refusalOf(key, needed)), done);
  };
}

function refusalOf(key: ApiKey | null, needed: Scope): LeewayError | undefined {
  if (key === null) return new LeewayError('unauthenticated', 'this API key is not known here');
  if (allows(key.scopes, needed)) return undefined;
  return new LeewayError(
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
