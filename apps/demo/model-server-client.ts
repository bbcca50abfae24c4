import type { SenderStats } from './model-server/inference-sender.js';
import type { PredictionAnswer, PredictionRequest, Release } from './model-server/prediction-service.js';
import { DEFAULT_RETRY, retryingFetch } from './retrying-fetch.js';

export type { Release, SenderStats };

/** Talks to the model server: predictions for its callers, releases for those who deploy. */
export class ModelServerClient {
  constructor(readonly url: string) {}

  predict(request: PredictionRequest): Promise<PredictionAnswer> {
    return this.send('POST', '/predict', request);
  }

  release(): Promise<Release | null> {
    return this.send('GET', '/admin/release');
  }

  deploy(release: Release): Promise<Release> {
    return this.send('POST', '/admin/deploy', release);
  }

  /** Returns once Leeway has acknowledged every row that waited. */
  flush(): Promise<SenderStats> {
    return this.send('POST', '/admin/flush', {});
  }

  stats(): Promise<SenderStats> {
    return this.send('GET', '/admin/stats');
  }

  private async send<T>(method: string, path: string, body?: object): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { 'content-type': 'application/json' };
    const answer = await retryingFetch(
      `${this.url}${path}`,
      { method, headers, ...(text === undefined ? {} : { body: () => text }) },
      DEFAULT_RETRY,
    );
    if (!answer.ok)
      throw new Error(`${method} ${path} of the model server: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}
