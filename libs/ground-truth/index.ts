export { deleteGroundTruthOf, modelIdsWithGroundTruth } from './model-deletion.js';
export { GroundTruth, type StoredTruth } from './ground-truth.js';
export { groundTruthSchema, MAX_GROUND_TRUTH_ROWS, truthKindOf, type GroundTruthReceipt } from './schemas.js';
