import type { IncomingMessage } from 'node:http';

/**
 * How long the rest of a refused body is read, into nowhere. A socket that is closed while its sender still writes is reset, and the
 * sender sees that instead of the answer. Longer holds a connection for a sender that trickles, shorter cuts off slow ones.
 */
const READ_ON_MS = 10_000;

const readOnBodies = new WeakSet<IncomingMessage>();

/** Reads what is left of a body into nowhere, so that its sender comes to read the answer and the connection can go on. */
export function readOn(request: IncomingMessage): void {
  if (request.complete || request.destroyed || readOnBodies.has(request)) return;
  readOnBodies.add(request);
  request.resume();
  const timer = setTimeout(() => request.destroy(), READ_ON_MS).unref();
  request.once('close', () => clearTimeout(timer));
}

export function isReadOn(request: IncomingMessage): boolean {
  return readOnBodies.has(request);
}
