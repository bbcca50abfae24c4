export { DriftAnswers } from './drift-answers.js';
export { DriftEvaluation } from './evaluation.js';
export { DriftResults, latestDriftResult, type StoredDriftResult } from './drift-results.js';
export type { DriftResult } from './drift-result.js';
export { deleteDriftOf, modelIdsWithDrift, type DeletedDrift } from './model-deletion.js';
export { WindowSignals } from './window-signals.js';
export { Monitors, type Monitor } from './monitors.js';
export {
  driftEvaluationSchema,
  monitorSchema,
  type DriftEvaluationSpec,
  type MonitorSpec,
} from './schemas.js';
