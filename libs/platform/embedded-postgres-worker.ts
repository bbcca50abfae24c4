import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

/**
 * The worker thread that runs PGlite: its WebAssembly blocks the event loop that it runs on. A thread and not a child
 * process, because a thread cannot outlive the server and write to a folder that the next server has opened.
 */
const { dataDir, listen, maxConnections } = workerData as {
  dataDir: string;
  listen: { path: string } | { host: string; port: number };
  maxConnections: number;
};

const db = await PGlite.create({ dataDir });
const server = new PGLiteSocketServer({ db, ...listen, maxConnections });
await server.start();
parentPort?.postMessage({ kind: 'ready', connection: server.getServerConn() });
parentPort?.once('message', () => {
  void (async () => {
    await server.stop();
    await db.close();
    parentPort?.postMessage({ kind: 'stopped' });
    parentPort?.close();
  })();
});
