import { pino } from 'pino';
import { parseEnvironment, systemClock } from '#platform';
import { configSchema, type LeewayConfig } from '../apps/server/config.js';
import { startServer } from '../apps/server/server.js';
import { createTestPlace } from './database.js';

const ADMIN_KEY = 'lw_test_admin_key_0123456789';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A whole server on a database of its own, as a client sees it. */
export interface TestServer {
  readonly url: string;
  /** What a client sends to be let in as an administrator. */
  readonly authorization: string;
  /** Sends a JSON request to `/api/v1` and reads the JSON answer; `key` stands for the administrator's. */
  api(method: string, path: string, body?: unknown, key?: string): Promise<ApiAnswer>;
  close(): Promise<void>;
}

/** Starts a server with all roles, by default with nothing configured. */
export async function startTestServer(config: LeewayConfig = configSchema.parse({})): Promise<TestServer> {
  const place = await createTestPlace();
  const parsed = parseEnvironment({
    LEEWAY_PORT: '0',
    LEEWAY_ADMIN_KEY: ADMIN_KEY,
    LEEWAY_DATA_DIR: place.dataDir,
    ...(place.databaseUrl === null ? {} : { DATABASE_URL: place.databaseUrl }),
  });
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const server = await startServer({
    environment: parsed.value,
    config,
    env: {},
    clock: systemClock,
    logger: pino({ level: 'silent' }),
  });
  return {
    url: server.url,
    authorization: `Bearer ${ADMIN_KEY}`,
    async api(method, path, body, key = ADMIN_KEY) {
      const response = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      };
    },
    async close() {
      await server.stop();
      await place.remove();
    },
  };
}
