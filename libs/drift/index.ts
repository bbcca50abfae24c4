export { DriftEvaluation, latestDriftResult, type StoredDriftResult } from './evaluation.js';
export type { DriftResult } from './drift-result.js';
export { DriftMetrics } from './metrics.js';
export { WindowSignals } from './window-signals.js';
export { Monitors, type Monitor } from './monitors.js';
export {
  driftEvaluationSchema,
  monitorSchema,
  type DriftEvaluationSpec,
  type MonitorSpec,
} from './schemas.js';
