import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { AlignedSample, Version } from '#registry';
import type { StoredEstimator } from './estimators.js';

/** As `fitEstimator`, in a thread of its own: trees take seconds, in which a server must go on answering. */
export async function fitInThread(version: Version, sample: AlignedSample): Promise<StoredEstimator | null> {
  const worker = new Worker(threadUrl(), { workerData: { version, sample } });
  try {
    const [fitted] = (await Promise.race([
      once(worker, 'message'),
      once(worker, 'exit').then(([code]) => {
        throw new Error(`the thread that fits an estimator ended with ${String(code)} and no result`);
      }),
    ])) as [StoredEstimator | null];
    return fitted;
  } finally {
    await worker.terminate();
  }
}

/** Under Jest the sources run untransformed by a build, and a worker thread needs JavaScript: take the built file. */
function threadUrl(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../dist/libs/performance/fit-thread.js' : './fit-thread.js', import.meta.url);
}
