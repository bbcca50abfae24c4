import { DEFAULT_RETRY, retryingFetch, type RetriableRequest, type RetryPolicy } from './retrying-fetch.js';
import type * as api from './api-types.js';

/** An answer of Leeway's that is no success; the problem's own words. */
export class LeewayProblem extends Error {
  override readonly name = 'LeewayProblem';

  constructor(
    readonly status: number,
    readonly problem: api.Problem,
    request: string,
  ) {
    const places = (problem.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`).join('');
    super(`${request}: ${status} ${problem.title ?? ''}: ${problem.detail ?? ''}${places}`);
  }

  /** The last part of the type, such as `already-exists`. */
  get code(): string {
    return this.problem.type?.split('/').at(-1) ?? '';
  }
}

type Query = Readonly<Record<string, string | number | undefined>>;

/** A small client of Leeway's REST API, as far as the demo and its tests need it. */
export class LeewayApi {
  constructor(
    readonly url: string,
    private readonly key: string,
    private readonly retry: RetryPolicy = DEFAULT_RETRY,
  ) {}

  createVersion(model: string, version: api.NewVersion): Promise<api.Version> {
    return this.send('POST', `/models/${model}/versions`, version);
  }

  versions(model: string): Promise<api.Version[]> {
    return this.all(`/models/${model}/versions`);
  }

  /** Streams training data; `rows` makes the stream anew when a try failed. */
  async registerBaseline(
    model: string,
    version: string,
    contentType: api.BaselineType,
    rows: () => AsyncIterable<Uint8Array>,
  ): Promise<api.Baseline> {
    return this.request(`/models/${model}/versions/${version}/baselines`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: rows,
    });
  }

  sendInferences(model: string, version: string, payload: api.Payload): Promise<api.Receipt> {
    return this.send('POST', `/models/${model}/versions/${version}/inferences`, payload);
  }

  windows(model: string, version: string): Promise<api.Window[]> {
    return this.all(`/models/${model}/versions/${version}/windows`);
  }

  evaluateDrift(model: string, version: string, question: api.DriftQuestion): Promise<api.DriftResult> {
    return this.send('POST', `/models/${model}/versions/${version}/drift-evaluations`, question);
  }

  /** Newest first. */
  async driftResults(
    model: string,
    query: { monitor?: string; version?: string; limit?: number } = {},
  ): Promise<readonly api.DriftResult[]> {
    return (await this.page<api.DriftResult>(`/models/${model}/drift-results`, query)).items;
  }

  registerDeployment(model: string, deployment: api.NewDeployment): Promise<api.Deployment> {
    return this.send('POST', `/models/${model}/deployments`, deployment);
  }

  deployments(model: string): Promise<api.Deployment[]> {
    return this.all(`/models/${model}/deployments`);
  }

  /** Newest first. */
  alerts(model: string): Promise<api.Alert[]> {
    return this.all('/alerts', { model });
  }

  alert(id: string): Promise<api.AlertWithHistory> {
    return this.send('GET', `/alerts/${id}`);
  }

  /** Newest first. */
  retrainingRuns(model: string): Promise<api.RetrainingRun[]> {
    return this.all('/retraining-runs', { model });
  }

  retrainingRun(id: string): Promise<api.RetrainingRun> {
    return this.send('GET', `/retraining-runs/${id}`);
  }

  reportRun(id: string, report: api.RunReport): Promise<api.RetrainingRun> {
    return this.send('PATCH', `/retraining-runs/${id}`, report);
  }

  notifications(model: string): Promise<api.Notification[]> {
    return this.all('/notifications', { model });
  }

  /** What is known of the model's signals of a name: one for each set of labels. */
  signals(model: string, name: string): Promise<api.Signal[]> {
    return this.all('/signals', { model, name });
  }

  createApiKey(name: string, scopes: readonly api.Scope[]): Promise<api.ApiKey> {
    return this.send('POST', '/api-keys', { name, scopes });
  }

  /** All items of a list at any path or address of the API, page by page. */
  async all<T>(path: string, query: Query = {}): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const page: api.Page<T> = await this.page(path, {
        limit: PAGE_SIZE,
        ...query,
        cursor: cursor ?? undefined,
      });
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  /** Any request; the body is sent as JSON. */
  send<T>(method: string, path: string, body?: object): Promise<T> {
    if (body === undefined) return this.request(path, { method, headers: {} });
    const text = JSON.stringify(body);
    return this.request(path, { method, headers: { 'content-type': 'application/json' }, body: () => text });
  }

  private page<T>(path: string, query: Query): Promise<api.Page<T>> {
    const url = this.address(path);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    return this.send('GET', url.href);
  }

  private async request<T>(path: string, { method, headers, body }: RetriableRequest): Promise<T> {
    const { href } = this.address(path);
    const authorized = { ...headers, authorization: `Bearer ${this.key}` };
    const answer = await retryingFetch(
      href,
      { method, headers: authorized, ...(body === undefined ? {} : { body }) },
      this.retry,
    );
    const text = await answer.text();
    if (!answer.ok) throw new LeewayProblem(answer.status, problemOf(text), `${method} ${href}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Leeway's messages bring whole addresses; the key goes to Leeway and to nobody else. */
  private address(path: string): URL {
    if (path.startsWith('/')) return new URL(`/api/v1${path}`, this.url);
    const url = new URL(path);
    if (url.origin !== new URL(this.url).origin) throw new Error(`${url.origin} is not Leeway (${this.url})`);
    return url;
  }
}

const PAGE_SIZE = 1_000;

function problemOf(text: string): api.Problem {
  try {
    return JSON.parse(text) as api.Problem;
  } catch {
    return { detail: text.slice(0, 500) };
  }
}
