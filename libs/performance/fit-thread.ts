import { parentPort, workerData } from 'node:worker_threads';
import type { AlignedSample, Version } from '#registry';
import { fitEstimator } from './estimators.js';

/** The worker thread that fits one estimator and ends: see `fitInThread`. */
const { version, sample } = workerData as { version: Version; sample: AlignedSample };

parentPort?.postMessage(fitEstimator(version, sample));
