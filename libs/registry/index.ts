export type { AlignedColumn, AlignedSample, FitEstimator } from './aligned-sample.js';
export { type BaselineComparison, type ColumnComparison } from './baseline-comparison.js';
export { BASELINE_NOTICE_MS, epochAt, type BaselineEpoch, type BaselineStatus } from './baseline-epochs.js';
export { importanceOf } from './baseline-importances.js';
export { importancesSchema, type Importances } from './importances-schema.js';
export { checkFit } from './baseline-inheritance.js';
export { base64, profileOfRows, type RegistrationOptions } from './baseline-registration.js';
export type { BaselineSource, ByteStream, SourceRow } from './baseline-source/source.js';
export {
  BaselineUploads,
  UPLOAD_STATES,
  type BaselineUpload,
  type UploadTracking,
} from './baseline-uploads.js';
export { Baselines, NO_BASELINE_GRID, type Baseline, type BaselineDetails } from './baselines.js';
export { summarizeProfile, type ColumnSummary } from './column-summary.js';
export { Deployments, recentDeployments, retiredVersions, type Deployment } from './deployments.js';
export {
  deleteRegistryOf,
  goneModelNames,
  goneModels,
  goneVersions,
  lockModel,
  type DeletedRegistry,
  type LockedModel,
} from './model-deletion.js';
export { Models, type Model, type Version } from './models.js';
export { profileSchema, type ProfileSpec } from './profile-schema.js';
export { MAX_SEGMENTS, segmentColumnsOf } from './segments.js';
export { OTHER, UNKNOWN, WHOLE, segmentName } from './segment-names.js';
export {
  argoRolloutsEvent,
  argoRolloutsSchema,
  flaggerEvent,
  flaggerQuerySchema,
  flaggerSchema,
  type ArgoRolloutsBody,
  type FlaggerBody,
  type FlaggerQuery,
  type RolloutEvent,
} from './rollout-events.js';
export { VersionSightings, type SeenVersion, type UnknownVersion } from './version-sightings.js';
export {
  baselineBodySchema,
  columnSchema,
  DEPLOYMENT_KINDS,
  DEPLOYMENT_ORIGINS,
  deploymentSchema,
  deploymentShareSchema,
  modelSchema,
  versionSchema,
  type BaselineBody,
  type ColumnRole,
  type ColumnSpec,
  type DeploymentSpec,
  type ModelSpec,
  type PerformanceSpec,
  type SamplingSpec,
  type VersionSpec,
} from './schemas.js';
