import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { lockFolder } from './folder-lock.js';

/**
 * Connections to the embedded database. It has one session, and with it one unnamed prepared statement: the messages of
 * two connections interleave under load and fail with "unnamed prepared statement does not exist" (seen). One connection
 * costs nothing, since the session runs one statement at a time anyway.
 */
export const EMBEDDED_MAX_CONNECTIONS = 1;

/** A connection that is being replaced may overlap with its successor. */
const SPARE_CONNECTIONS = 2;

/** How `pg` reaches an embedded PostgreSQL. */
export interface EmbeddedPostgres {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Opens (or creates) a PostgreSQL in `folder` and serves it to `pg` on a socket that only this user can reach.
 *
 * Survives `kill -9` (the write-ahead log is replayed on the next start); it does not `fsync`, so a power cut may lose
 * the last commits. Creating a database takes 2 to 4 s, opening one about 0.4 s.
 *
 * @throws LeewayError `folder-in-use` when another process has the folder
 */
export async function startEmbeddedPostgres(folder: string): Promise<EmbeddedPostgres> {
  const lock = lockFolder(folder);
  const endpoint = await chooseEndpoint(folder);
  const worker = new Worker(workerUrl(), {
    workerData: {
      dataDir: join(folder, 'postgres'),
      listen: endpoint.listen,
      maxConnections: EMBEDDED_MAX_CONNECTIONS + SPARE_CONNECTIONS,
    },
  });
  try {
    await Promise.race([
      once(worker, 'message'),
      once(worker, 'error').then(([error]) => Promise.reject(error as Error)),
    ]);
  } catch (error) {
    lock.release();
    endpoint.remove();
    throw error;
  }
  return {
    host: endpoint.host,
    port: endpoint.port,
    async stop() {
      worker.postMessage('stop');
      await once(worker, 'exit');
      endpoint.remove();
      lock.release();
    },
  };
}

/** Under Jest the sources run untransformed by a build, and a worker thread needs JavaScript: take the built file. */
function workerUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(
    isSource ? '../../dist/libs/platform/embedded-postgres-worker.js' : './embedded-postgres-worker.js',
    import.meta.url,
  );
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly listen: { path: string } | { host: string; port: number };
  remove(): void;
}

/** What the path of a Unix socket may have on every system that has such sockets (macOS: 104 bytes with the end). */
const MAX_SOCKET_PATH_BYTES = 100;
const SOCKET_NAME = '.s.PGSQL.5432';

/** A Unix socket that only this user can reach, since the database has no password; a loopback port where there are none. */
async function chooseEndpoint(dataFolder: string): Promise<Endpoint> {
  if (process.platform === 'win32') {
    const port = await freePort();
    return { host: '127.0.0.1', port, listen: { host: '127.0.0.1', port }, remove: () => undefined };
  }
  const folder = socketFolder(dataFolder);
  const path = join(folder, SOCKET_NAME);
  // A server that was killed leaves its socket behind; the folder's lock says that nobody listens on it.
  rmSync(path, { force: true });
  return {
    host: folder,
    port: 5432,
    listen: { path },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Beside the data where the path is short enough, else a temporary folder. */
function socketFolder(dataFolder: string): string {
  const beside = resolve(dataFolder, 'socket');
  if (Buffer.byteLength(join(beside, SOCKET_NAME)) > MAX_SOCKET_PATH_BYTES)
    return mkdtempSync(join(tmpdir(), 'leeway-'));
  mkdirSync(beside, { recursive: true, mode: 0o700 });
  return beside;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
