import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { once } from 'node:events';
import { request as startRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parquetBytes } from '#platform';
import { baselineUploadAnswer, newBaselineAnswer } from '../apps/server/api/responses.js';
import { createTestPlace, type TestPlace } from './database.js';
import { LeewayProcess } from './leeway-process.js';
import { evenRows } from './rooms.js';
import { until } from './until.js';

const TYPES = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const;
type Form = keyof typeof TYPES;
const FORMS = Object.keys(TYPES) as Form[];
const ROWS = evenRows(20_000);
const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'c', role: 'feature', type: 'categorical' },
];

async function parquetOf(rows: typeof ROWS): Promise<Buffer> {
  const chunks: Buffer[] = [];
  async function* batches(): AsyncGenerator<(string | number)[][]> {
    yield await Promise.resolve([rows.map(({ x }) => x), rows.map(({ c }) => c)]);
  }
  const columns = [
    { name: 'x', type: 'DOUBLE' },
    { name: 'c', type: 'VARCHAR' },
  ] as const;
  for await (const chunk of parquetBytes(columns, batches(), new AbortController().signal))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Uploads to a server that may be killed, with a temporary folder of its own. */
describe('an upload of a baseline over HTTP', () => {
  let place: TestPlace;
  let temporary: string;
  let server: LeewayProcess;
  let version = 0;
  let files: Readonly<Record<Form, Buffer>>;

  beforeAll(async () => {
    place = await createTestPlace();
    temporary = join(place.dataDir, 'tmp');
    mkdirSync(temporary);
    const folder = join(place.dataDir, 'data');
    mkdirSync(folder);
    const { databaseUrl } = place;
    server = await LeewayProcess.of({ folder, databaseUrl, logLevel: 'warn', env: { TMPDIR: temporary } });
    await server.start();
    await api('POST', '/models', { name: 'm', grain: '1m' });
    files = {
      csv: Buffer.from(`x,c\n${ROWS.map(({ x, c }) => `${x},${c}`).join('\n')}\n`),
      ndjson: Buffer.from(ROWS.map((row) => JSON.stringify(row)).join('\n')),
      parquet: await parquetOf(ROWS),
    };
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await place.remove();
  });
  beforeEach(async () => {
    version += 1;
    await api('POST', '/models/m/versions', { name: `v${version}`, columns: COLUMNS });
  });

  async function api(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers: {
        authorization: LeewayProcess.authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Record<string, unknown>;
  }
  const path = (query = ''): string => `/api/v1/models/m/versions/v${version}/baselines${query}`;
  const stateOf = (uploadId: string) =>
    api('GET', `/models/m/versions/v${version}/baseline-uploads/${uploadId}`);

  function begin(form: Form, uploadId: string): ClientRequest {
    const request = startRequest({
      ...{ port: server.port, host: '127.0.0.1', method: 'POST', path: path(`?uploadId=${uploadId}`) },
      headers: {
        authorization: LeewayProcess.authorization,
        'content-type': TYPES[form],
        'content-length': files[form].length,
      },
    });
    request.on('error', () => undefined);
    return request;
  }
  async function answerTo(
    request: ClientRequest,
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> };
  }
  /** Sends the first half of a file and waits until the server has read most of it. */
  async function sendHalf(form: Form, uploadId: string): Promise<ClientRequest> {
    const request = begin(form, uploadId);
    request.write(files[form].subarray(0, files[form].length / 2));
    await until(async () => Number((await stateOf(uploadId))['byteCount']) > files[form].length / 3, 20_000);
    return request;
  }
  /** Files that the server holds open though they have no name any more. */
  function namelessFiles(): string[] {
    if (process.platform !== 'linux') return [];
    const folder = `/proc/${server.pid}/fd`;
    return readdirSync(folder)
      .map((fd) => {
        try {
          return readlinkSync(join(folder, fd));
        } catch {
          return '';
        }
      })
      .filter((target) => target.includes('leeway-upload'));
  }
  /** What lies in the folder for temporary files beside the folder of the process itself and its lock. */
  const temporaryFiles = (): string[] =>
    readdirSync(temporary, { recursive: true, encoding: 'utf8' }).filter(
      (path) => !/^leeway-temp-\w+(\/leeway\.(pid|lock|lock-journal))?$/.test(path),
    );

  async function expectNoTrace(): Promise<void> {
    expect((await api('GET', `/models/m/versions/v${version}/baselines`))['items']).toEqual([]);
    expect(temporaryFiles()).toEqual([]);
    expect(namelessFiles()).toEqual([]);
  }

  it.each(FORMS)('says how far it is, as %s, and which baseline it became', async (form) => {
    const request = await sendHalf(form, 'one');
    expect(temporaryFiles()).toEqual([]);
    const half = baselineUploadAnswer.parse(await stateOf('one'));
    expect(half).toMatchObject({ state: 'reading', baselineId: null, problem: null });
    if (form === 'csv') expect(half.rowCount).toBeGreaterThan(0);
    request.end(files[form].subarray(files[form].length / 2));
    const { status, body } = await answerTo(request);
    expect(status).toBe(201);
    const { id } = newBaselineAnswer.parse(body);
    expect(baselineUploadAnswer.parse(await stateOf('one'))).toMatchObject({
      ...{ state: 'done', rowCount: 20_000, byteCount: files[form].length, baselineId: id, problem: null },
    });
    const again = begin(form, 'one');
    again.end(files[form]);
    expect(await answerTo(again)).toMatchObject({ status: 409 });
  });

  it.each(FORMS)('that is cut in the middle leaves nothing, as %s, and can be sent again', async (form) => {
    const request = await sendHalf(form, 'cut');
    request.destroy();
    await until(async () => (await stateOf('cut'))['state'] === 'failed', 20_000);
    expect(baselineUploadAnswer.parse(await stateOf('cut')).problem).toMatchObject({
      type: 'https://leeway.dev/problems/upload-interrupted',
      status: 400,
    });
    await expectNoTrace();
    const again = begin(form, 'cut');
    again.end(files[form]);
    expect((await answerTo(again)).status).toBe(201);
  });

  it.each(FORMS)(
    'leaves nothing when the server is killed, as %s',
    async (form) => {
      await sendHalf(form, 'killed');
      await server.kill();
      expect(temporaryFiles()).toEqual([]);
      await server.start();
      await expectNoTrace();
      // Nobody was left to write down that it failed: that shows when nothing has been heard of it for half a minute.
      expect(await stateOf('killed')).toMatchObject({ state: 'reading' });
    },
    60_000,
  );

  it('that cannot be read says why, in the answer and afterwards', async () => {
    const request = begin('csv', 'broken');
    const text = `x,c\n1,a\n2\n${'3,b\n'.repeat(files.csv.length)}`;
    request.end(text.slice(0, files.csv.length));
    const { status, body } = await answerTo(request);
    expect({ status, detail: body['detail'] }).toEqual({
      status: 422,
      detail: 'line 3: Invalid Record Length: expect 2, got 1',
    });
    expect((await stateOf('broken'))['problem']).toMatchObject({
      ...{ type: body['type'], detail: body['detail'], errors: body['errors'] },
    });
    await expectNoTrace();
  });

  it('is not known of another id, and an id has the form of a name', async () => {
    expect(await stateOf('other')).toMatchObject({ status: 404 });
    expect(
      await api('POST', `/models/m/versions/v${version}/baselines?uploadId=a%20b`, { rows: [] }),
    ).toMatchObject({
      status: 400,
    });
  });
});
