import { brotliCompressSync, gzipSync } from 'node:zlib';
import { benchRow, bodyOf, COLUMNS, FORMS } from '../bench/ingest/rows.js';
import { seededRandom } from '../../apps/demo/seeded-random.js';
import { LARGE_BODIES, nestedValue, parquetSeeds, type LargeBody } from './large-payloads.js';

/** A request to an ingest endpoint that something is wrong with, or nothing. */
export interface MutatedRequest {
  readonly path: 'inferences' | 'events';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Random = () => number;

const AT = new Date();
const rows = Array.from({ length: 4 }, (_, index) => benchRow(index, AT));
const values = rows.map((row) => row.values);
const names = COLUMNS.map(({ name }) => name);
const EVENT = {
  specversion: '1.0',
  id: 'e-1',
  source: 'pod',
  type: 'org.kubeflow.serving.inference.request',
  time: AT.toISOString(),
};
const kserve = Object.fromEntries(Object.entries(EVENT).map(([name, value]) => [`ce-${name}`, value]));
const instances = JSON.stringify({
  instances: values.map((row) => names.slice(0, -1).map((name) => row[name])),
});
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Good requests in every format: what mutations start from. */
const SEEDS: readonly MutatedRequest[] = [
  ...FORMS.map((form): MutatedRequest => ({ path: 'inferences', ...bodyOf(form, rows) })),
  { path: 'inferences', headers: { 'content-type': 'application/json' }, body: json(values) },
  {
    path: 'inferences',
    headers: { 'content-type': 'application/x-ndjson' },
    body: Buffer.from(values.map((row) => JSON.stringify(row)).join('\n')),
  },
  {
    path: 'inferences',
    headers: { 'content-type': 'text/csv' },
    body: Buffer.from(
      [names.join(','), ...values.map((row) => names.map((name) => row[name]).join(','))].join('\n'),
    ),
  },
  { path: 'inferences', headers: { 'content-type': 'application/json' }, body: Buffer.from(instances) },
  {
    path: 'events',
    headers: { 'content-type': 'application/json', ...kserve },
    body: Buffer.from(instances),
  },
  {
    path: 'events',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: json({ ...EVENT, data: JSON.parse(instances) as unknown }),
  },
  {
    path: 'events',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: json([
      { ...EVENT, data_base64: Buffer.from(instances).toString('base64') },
      { ...EVENT, type: 'other' },
    ]),
  },
  {
    path: 'events',
    headers: {
      'content-type': 'application/json',
      ...kserve,
      'ce-type': 'io.seldon.serving.inference.response',
    },
    body: json({ data: { names: ['t:0'], tensor: { shape: [4, 1], values: [1, 2, 3, 4] } } }),
  },
];

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '\\',
  '\\u0000',
  '\\ud800',
  '\0',
  '\ufeff',
  'null',
  'true',
  '-0',
  '1e999',
  '-1e-999',
  '9007199254740993',
  '__proto__',
  'constructor',
  '""',
  '{}',
  '[]',
  '[[[[[[[[',
  '\n',
  '\r\n',
  '"shape":[1e9,0]',
  '"rows":',
  '"columns":',
  '"datatype":"BYTES"',
  '"binary_data_size":4294967295',
  'ÿ',
  '😀',
];
const TYPES = [
  'application/json',
  'text/csv',
  'application/x-ndjson',
  'application/octet-stream',
  'application/cloudevents+json',
  'application/cloudevents-batch+json',
  'application/json; charset=utf-16',
  'text/plain',
  '',
  ';',
  'multipart/form-data; boundary=x',
];
const ODD_HEADERS: readonly (readonly [string, readonly string[]])[] = [
  ['inference-header-content-length', ['0', '1', '2', '17', '99999', '-1', 'x', '1e3']],
  ['content-encoding', ['gzip', 'br', 'identity', 'zstd', 'gzip, gzip']],
  ['idempotency-key', ['', ' ', 'a', 'a b', 'x'.repeat(300), 'é']],
  ['ce-type', ['', 'inference.request', 'x.inference.response', 'other']],
  ['ce-time', ['', 'yesterday', '1970-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-31T00:00:00Z']],
  ['ce-id', ['', '0', 'x'.repeat(500)]],
  ['content-type', TYPES],
];
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  '',
  'x',
  'NaN',
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  '\0',
  '\ud800',
  '2026-11-23T04:00:00Z',
  'x'.repeat(2_000),
  { values: {} },
  { __proto__: null },
  Array.from({ length: 50 }, () => []),
];

const PARQUET = await parquetSeeds();
const LARGE: readonly (() => LargeBody)[] = [
  ...LARGE_BODIES,
  ...PARQUET.bombs.map((body) => () => ({ type: 'application/vnd.apache.parquet', body })),
];
/** Shares of all requests: large bodies and files cost a thousand times what others do. */
const [LARGE_SHARE, PARQUET_SHARE, DEEP_SHARE] = [0.001, 0.02, 0.02];
/** Deepest nesting: ten times what a call stack holds. */
const MAX_DEPTH = 100_000;

/** The request that follows from the seed: a good one, changed one to four times, a large one, or a deep one. */
export function mutatedRequest(seed: number): MutatedRequest {
  const random = seededRandom(seed);
  const kind = random();
  if (kind < LARGE_SHARE) return largeRequest(random);
  if (kind < LARGE_SHARE + PARQUET_SHARE) return parquetRequest(random);
  if (kind < LARGE_SHARE + PARQUET_SHARE + DEEP_SHARE) return deepRequest(random);
  let request = pick(SEEDS, random);
  for (let change = Math.floor(4 * random()); change >= 0; change -= 1) request = mutated(request, random);
  return random() < 0.03 ? compressed(request, random) : request;
}

function largeRequest(random: Random): MutatedRequest {
  const { type, isGzip, body } = pick(LARGE, random)();
  const isEvent = type === 'application/json' && random() < 0.3;
  return {
    path: isEvent ? 'events' : 'inferences',
    headers: {
      'content-type': type,
      ...(isGzip === true ? { 'content-encoding': 'gzip' } : {}),
      ...(isEvent ? { ...kserve, 'ce-id': String(random()) } : {}),
    },
    body,
  };
}

/** A Parquet file as it is, with some bytes changed, or cut. */
function parquetRequest(random: Random): MutatedRequest {
  const headers = { 'content-type': 'application/vnd.apache.parquet' };
  const body = Buffer.from(pick(PARQUET.files, random));
  const kind = random();
  if (kind < 0.4) return { path: 'inferences', headers, body };
  if (kind < 0.6) return { path: 'inferences', headers, body: bytesMutated(body, random) };
  const from = Math.floor(random() * body.length);
  const length = 1 + Math.floor(random() ** 3 * 64);
  for (let at = from; at < Math.min(body.length, from + length); at += 1)
    body[at] = Math.floor(256 * random());
  return { path: 'inferences', headers, body };
}

/** A good request in which one value is nested deeper than the call stack. */
function deepRequest(random: Random): MutatedRequest {
  const request = pick(SEEDS, random);
  const text = request.body.toString('latin1');
  const values = [...text.matchAll(/[:,[]\s*(-?\d[\d.]*|"[^"]*"|null)(?=\s*[,\]}])/g)];
  const { index = 0, 0: found = '' } = values.length === 0 ? {} : pick(values, random);
  const deep = nestedValue(Math.floor(random() * MAX_DEPTH), random() < 0.3);
  const [before, after] = [text.slice(0, index + found.slice(0, 1).length), text.slice(index + found.length)];
  return { ...request, body: Buffer.from(before + deep + after, 'latin1') };
}

function mutated(request: MutatedRequest, random: Random): MutatedRequest {
  const kind = random();
  if (kind < 0.2) return { ...request, headers: { ...request.headers, ...oddHeader(random) } };
  if (kind < 0.55) return { ...request, body: structurallyMutated(request.body, random) };
  return { ...request, body: bytesMutated(request.body, random) };
}

function oddHeader(random: Random): Record<string, string> {
  const [name, values] = pick(ODD_HEADERS, random);
  return { [name]: pick(values, random) };
}

/** One value somewhere in the JSON replaced, removed or doubled; of a body that is no JSON, its bytes. */
function structurallyMutated(body: Buffer, random: Random): Buffer {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    return bytesMutated(body, random);
  }
  const spots: { readonly holder: Record<string, unknown>; readonly key: string }[] = [];
  const visit = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null || spots.length > 2_000) return;
    for (const [key, inner] of Object.entries(holder)) {
      spots.push({ holder: holder as Record<string, unknown>, key });
      visit(inner);
    }
  };
  visit(value);
  if (spots.length === 0) return json(pick(ODD_VALUES, random));
  const { holder, key } = pick(spots, random);
  const kind = random();
  if (kind < 0.6) holder[key] = pick(ODD_VALUES, random);
  else if (kind < 0.8) delete holder[key];
  else if (Array.isArray(holder)) holder.push(holder[Number(key)]);
  else holder[pick(TOKENS, random)] = holder[key];
  return json(value);
}

function bytesMutated(body: Buffer, random: Random): Buffer {
  const at = Math.floor(random() * (body.length + 1));
  const length = Math.floor(random() ** 3 * (body.length - at));
  const [before, after] = [body.subarray(0, at), body.subarray(at)];
  switch (Math.floor(5 * random())) {
    case 0:
      return Buffer.concat([before, after.subarray(length)]);
    case 1:
      return Buffer.concat([before, Buffer.from(pick(TOKENS, random)), after]);
    case 2:
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 3:
      return Buffer.concat([before, Buffer.from([Math.floor(256 * random())]), after.subarray(1)]);
    default:
      return before;
  }
}

function compressed(request: MutatedRequest, random: Random): MutatedRequest {
  const isGzip = random() < 0.5;
  const body = isGzip ? gzipSync(request.body) : brotliCompressSync(request.body);
  const headers = { ...request.headers, 'content-encoding': isGzip ? 'gzip' : 'br' };
  return { ...request, headers, body: random() < 0.5 ? body : bytesMutated(body, random) };
}

function pick<T>(from: readonly T[], random: Random): T {
  const value = from[Math.floor(random() * from.length)];
  if (value === undefined) throw new RangeError('there is nothing to pick from');
  return value;
}
