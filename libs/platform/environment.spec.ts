import { describe, expect, it } from '@jest/globals';
import { parseEnvironment } from './environment.js';

describe('parseEnvironment', () => {
  it('has a default for everything, on the loopback address', () => {
    const parsed = parseEnvironment({});
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        host: '127.0.0.1',
        port: 8080,
        databaseUrl: null,
        roles: new Set(['api', 'ingest', 'worker']),
      },
    });
  });

  it('names every problem at once', () => {
    const parsed = parseEnvironment({
      LEEWAY_PORT: 'x',
      LEEWAY_ROLES: 'api,cook',
      LEEWAY_ADMIN_KEY: 'short',
      DATABASE_URL: 'mysql://x',
      LEEWAY_PROT: '1',
    });
    expect(parsed.ok).toBe(false);
    const text = parsed.ok ? '' : parsed.problems.join('\n');
    for (const name of ['LEEWAY_PORT', 'LEEWAY_ROLES', 'LEEWAY_ADMIN_KEY', 'DATABASE_URL', 'LEEWAY_PROT'])
      expect(text).toContain(name);
  });

  it('takes an empty variable for an unset one', () => {
    expect(parseEnvironment({ DATABASE_URL: '', LEEWAY_ADMIN_KEY: '' })).toMatchObject({
      ok: true,
      value: { databaseUrl: null, adminKey: null },
    });
  });
});
