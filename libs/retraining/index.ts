export { decideStart, type Guardrails, type StartDecision, type StartEvidence } from './decision.js';
export { Retraining, type RetrainingRequest, type SendWebhook } from './retraining.js';
export { mayBecome, RUN_STATUSES, type RunStatus } from './run-state.js';
export { RetrainingRuns, type RetrainingRun, type RunStep } from './runs.js';
export { runPatchSchema, triggerSchema, type RunPatch, type TriggerSpec } from './schemas.js';
