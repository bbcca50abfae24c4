import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { PROJECT_ROOT } from '../apps/demo/project-root.js';
import { describeWithPython } from './real-servers.js';
import { startTestServer, type TestServer } from './test-server.js';

interface Manifest<Spec> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Spec;
  readonly stringData?: Readonly<Record<string, string>>;
}
type InferenceService = Manifest<{ predictor: { logger: { mode: string; url: string } } }>;
type NetworkPolicy = Manifest<{
  ingress: {
    from: { namespaceSelector: { matchLabels: Record<string, string> } }[];
    ports: { protocol: string; port: number }[];
  }[];
}>;
const text = readFileSync(join(PROJECT_ROOT, 'examples/kserve/inference-service.yaml'), 'utf8');
const documents = parseAllDocuments(text);
const [inferenceService, secret, policy] = documents.map((document) => document.toJSON() as unknown) as [
  InferenceService,
  Manifest<undefined>,
  NetworkPolicy,
];
const { logger } = inferenceService.spec.predictor;

describe('the KServe example', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  }, 60_000);
  afterAll(() => server.close());

  it('is three objects, and names are consistent', () => {
    expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
    expect([inferenceService, secret, policy].map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)).toEqual(
      ['serving.kserve.io/v1beta1 InferenceService', 'v1 Secret', 'networking.k8s.io/v1 NetworkPolicy'],
    );
    const { hostname, port } = new URL(logger.url);
    expect(hostname).toBe(`leeway.${policy.metadata.namespace}`);
    expect(policy.spec.ingress[0]).toMatchObject({
      from: [
        {
          namespaceSelector: {
            matchLabels: { 'kubernetes.io/metadata.name': inferenceService.metadata.namespace },
          },
        },
      ],
      ports: [{ protocol: 'TCP', port: Number(port) }],
    });
    expect(Object.keys(secret.stringData ?? {})).toEqual(['LEEWAY_ADMIN_KEY']);
    expect(logger.mode).toBe('all');
  });

  it('has the logger post to an endpoint that takes its events', async () => {
    await server.api('POST', '/models', { name: 'iris' });
    await server.api('POST', '/models/iris/versions', {
      name: 'v1',
      columns: [
        { name: 'length', role: 'feature', type: 'numeric' },
        { name: 'width', role: 'feature', type: 'numeric' },
        { name: 'kind', role: 'prediction', type: 'categorical' },
      ],
    });
    const { body } = await server.api('POST', '/api-keys', { name: 'kserve', scopes: ['ingest'] });
    const path = new URL(logger.url).pathname.replace('lw_REPLACE_WITH_AN_INGEST_KEY', String(body['key']));
    // As KServe's agent sends the two halves of a call of two rows.
    for (const [type, payload] of [
      [
        'request',
        {
          instances: [
            [6.8, 2.8],
            [6, 3.4],
          ],
        },
      ],
      ['response', { predictions: ['a', 'b'] }],
    ] as const) {
      const answer = await fetch(server.url + path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-id': 'call-1',
          'ce-type': `org.kubeflow.serving.inference.${type}`,
          'ce-source': 'iris-predictor-1',
          'ce-inferenceservicename': inferenceService.metadata.name,
          'ce-namespace': inferenceService.metadata.namespace,
          'ce-component': 'predictor',
        },
        body: JSON.stringify(payload),
      });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ receipts: [{ acceptedCount: 2, part: type }] });
    }
  });
});

describeWithPython('the InferenceService of the KServe example', (python) => {
  const check = (manifest: unknown): { status: number | null; output: string } => {
    const script = join(PROJECT_ROOT, 'test/python/check_manifest.py');
    const { status, stdout, stderr } = spawnSync(python, ['-B', script], {
      input: JSON.stringify(manifest),
      encoding: 'utf8',
    });
    return { status, output: stdout + stderr };
  };
  const withPredictor = (predictor: object): unknown => ({
    ...inferenceService,
    spec: { predictor: { ...inferenceService.spec.predictor, ...predictor } },
  });

  it("is sound by KServe's own model classes", () => {
    expect(check(inferenceService)).toEqual({ status: 0, output: 'sound\n' });
  });

  it.each([
    [
      'an unknown field',
      { logger: { mode: 'all', address: 'http://x' } },
      /V1beta1LoggerSpec has no field address/,
    ],
    [
      'a wrong type',
      { logger: { mode: ['all'] } },
      /\/spec\/predictor\/logger\/mode: \['all'\] is of the wrong type/,
    ],
    ['a missing field', { model: { storageUri: 'gs://x' } }, /model_format/],
  ])('would be refused with %s', (_, predictor, message) => {
    const { status, output } = check(withPredictor(predictor));
    expect(status).toBe(1);
    expect(output).toMatch(message);
  });
});
