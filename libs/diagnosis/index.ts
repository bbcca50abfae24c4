export {
  ACTIONS,
  diagnose,
  type Action,
  type ColumnEvidence,
  type DeploymentEvidence,
  type Diagnosis,
  type Evidence,
} from './diagnosis.js';
export { gatherEvidence, type EvidenceRequest, type GatheredEvidence } from './evidence.js';
