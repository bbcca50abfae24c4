import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse as parseYaml } from 'yaml';
import { startTestServer, type TestServer } from './test-server.js';

const CLI = fileURLToPath(new URL('../dist/apps/cli/main.js', import.meta.url));

interface Run {
  readonly code: number;
  readonly out: string;
  readonly remarks: string;
}

/** Runs the compiled command line as a user does. */
function run(args: readonly string[], env: Record<string, string>): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env }, (error, out, remarks) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, remarks }),
    );
  });
}

describe('leeway', () => {
  let server: TestServer;
  let key = '';
  beforeAll(async () => {
    server = await startTestServer();
    key = server.authorization.replace('Bearer ', '');
    await server.api('POST', '/models', { name: 'churn' });
    for (const name of ['v1', 'v2'])
      await server.api('POST', '/models/churn/versions', {
        name,
        columns: [{ name: 'x', role: 'feature', type: 'numeric' }],
      });
  }, 60_000);
  afterAll(() => server.close());

  const leeway = (line: string, more: Record<string, string> = {}): Promise<Run> =>
    run(line.split(' '), { LEEWAY_URL: server.url, LEEWAY_API_KEY: key, ...more });

  it('records, lists, shifts and ends deployments', async () => {
    expect(await leeway('deployments record --model churn --version v1 --revision churn:1')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+ {2}v1 {2}production {2}full of 100% {2}since .*\n$/),
    });
    const again = await leeway('deployments record --model churn --version v1 --revision churn:1');
    expect(again).toMatchObject({
      code: 0,
      out: '',
      remarks: expect.stringMatching(/^nothing to do: .*is live/),
    });
    const { out } = await leeway(
      'deployments record --model churn --version v2 --kind canary --traffic-share 0.1 --json',
    );
    const { id } = JSON.parse(out) as { id: string };
    expect((await leeway(`deployments share ${id} 0.25`)).out).toMatch(/canary of 25%/);
    expect((await leeway(`deployments end ${id}`)).out).toMatch(/ until /);
    const listed = (await leeway('deployments list --model churn')).out.split('\n');
    expect(listed[0]).toMatch(/ v2 .* until /);
    expect(listed[1]).toMatch(/ v1 /);
  });

  it('ends with 1 and the problem in words when the server refuses, or is not there', async () => {
    expect(await leeway('deployments record --model churn --version v9')).toMatchObject({
      code: 1,
      out: '',
      remarks: expect.stringMatching(/^error: .*"v9"/),
    });
    const { code, remarks } = await leeway('deployments list --model nobody --json');
    expect([code, JSON.parse(remarks)]).toMatchObject([1, { status: 404 }]);
    expect(await leeway('deployments list --model churn', { LEEWAY_API_KEY: 'wrong' })).toMatchObject({
      code: 1,
    });
    expect(
      await leeway('deployments list --model churn', { LEEWAY_URL: 'http://127.0.0.1:1' }),
    ).toMatchObject({
      code: 1,
      remarks: expect.stringMatching(/cannot be reached/),
    });
  });

  it.each([
    'deployments record --model churn',
    'deployments record --model churn --version v1 --kind purple',
    'deployments record --model churn --version v1 --traffic-share 2',
    'deployments bury',
    'collectors detect --url http://p --bearer-token-env NOT_SET',
  ])('ends with 2 for "%s"', async (line) => {
    expect(await leeway(line)).toMatchObject({ code: 2, out: '', remarks: expect.stringMatching(/error/) });
  });

  it('ends with 2 without a server or a key, and with 0 when it is asked for help', async () => {
    expect(await leeway('deployments list --model churn', { LEEWAY_URL: '' })).toMatchObject({ code: 2 });
    expect(await leeway('deployments list --model churn', { LEEWAY_API_KEY: '' })).toMatchObject({ code: 2 });
    expect(await leeway('--help')).toMatchObject({ code: 0, out: expect.stringMatching(/Usage: leeway/) });
  });

  describe('collectors detect', () => {
    let prometheus: Server;
    let url = '';
    const tokens: (string | undefined)[] = [];
    beforeAll(async () => {
      // A Prometheus that has nothing: what presets find in a real one is shown by the specs of the collectors.
      prometheus = createServer((request, response) => {
        tokens.push(request.headers.authorization);
        response.setHeader('content-type', 'application/json');
        response.end('{"status":"success","data":{"resultType":"vector","result":[]}}');
      });
      await new Promise<void>((resolve) => prometheus.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(prometheus.address() as AddressInfo).port}`;
    });
    afterAll(() => {
      prometheus.close();
    });

    it('prints YAML, says on standard error what it found, and hands the token on', async () => {
      const { code, out, remarks } = await leeway(
        `collectors detect --url ${url} --model churn --bearer-token-env TOKEN`,
        { TOKEN: 'prometheus-secret' },
      );
      expect([code, parseYaml(out)]).toEqual([0, { collectors: [] }]);
      expect(remarks).toMatch(/no preset fits/);
      expect(new Set(tokens)).toEqual(new Set(['Bearer prometheus-secret']));
      const json = await leeway(`collectors detect --url ${url} --json`);
      expect(JSON.parse(json.out)).toMatchObject({ proposals: [] });
    });
  });

  it('the CI examples call it as it is', async () => {
    for (const file of ['github-actions.yml', 'gitlab-ci.yml']) {
      const text = readFileSync(new URL(`../examples/ci/${file}`, import.meta.url), 'utf8');
      const texts: string[] = [];
      JSON.stringify(parseYaml(text), (_, value: unknown) => {
        if (typeof value === 'string' && value.startsWith('node ')) texts.push(value);
        return value;
      });
      const command = (texts[0] ?? '').trim().replaceAll(/"[^"]*"/g, 'text');
      const [, script = '', ...args] = command.split(/\s+/);
      expect(script.endsWith('/dist/apps/cli/main.js')).toBe(true);
      const answer = await leeway(args.join(' ').replace('v8', 'v2'));
      expect(answer).toMatchObject({ code: 0 });
    }
  });

  it('the webhooks of rollout controllers are taken, Argo’s exactly as the document writes it', async () => {
    const document = readFileSync(new URL('../docs/deployments.md', import.meta.url), 'utf8');
    const [, template = ''] = /body: \|\n([\s\S]*?)\ntrigger\./.exec(document) ?? [];
    // What Go's templates put in, for a rollout of churn v2 at 20 percent.
    const body = template
      .replace(/\{\{if and .*?\{\{end\}\}/, '20')
      .replace(/\{\{if .*?\{\{end\}\}/, 'canary')
      .replace(/\{\{index [^}]*leeway.dev\/model[^}]*\}\}/, 'churn')
      .replace(/\{\{index [^}]*leeway.dev\/version[^}]*\}\}/, 'v1')
      .replaceAll(/\{\{[^}]*\}\}/g, 'x');
    const argo = JSON.parse(body) as object;
    const taken = await server.api('POST', '/webhooks/argo-rollouts', argo);
    expect([taken.status, taken.body]).toMatchObject([
      200,
      { deployment: { version: 'v1', kind: 'canary', trafficShare: 0.2, origin: 'argo-rollouts' } },
    ]);
    expect((await server.api('POST', '/webhooks/argo-rollouts', { ...argo, more: 1 })).status).toBe(422);
    const flagger = {
      name: 'churn',
      namespace: 'prod',
      phase: 'Failed',
      checksum: 'x',
      metadata: { eventMessage: 'y' },
    };
    const post = (path: string) =>
      fetch(`${server.url}/api/v1/webhooks/flagger/${path}?model=churn&version=v1`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(flagger),
      });
    const ended = await post(key);
    expect([ended.status, await ended.json()]).toMatchObject([
      200,
      { deployment: { endedAt: expect.any(String) } },
    ]);
    expect((await post('lw_wrong')).status).toBe(401);
    const unknown = await server.api('GET', '/models/churn/unknown-versions');
    expect([unknown.status, unknown.body]).toEqual([200, { items: [] }]);
  });

  it('signals are asked by matchers and step over HTTP', async () => {
    const ask = (query: string) => server.api('GET', `/signals/query?name=x&${query}`);
    expect((await ask(`match=${encodeURIComponent('a=~"("')}`)).body).toMatchObject({ status: 400 });
    expect((await ask('step=1m&match=a%3D%22b%22')).body).toEqual({ series: [], problems: [] });
    expect((await ask('step=1s&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z')).body).toMatchObject({
      status: 422,
    });
    expect((await ask('step=1m&source=collector:nobody')).status).toBe(404);
    expect((await server.api('GET', '/signals/problems?model=churn')).body).toEqual({ items: [] });
  });
});
