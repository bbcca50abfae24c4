export { readParquet } from './baseline-source/parquet.js';
export type { BaselineSource } from './baseline-source/source.js';
export {
  base64,
  Baselines,
  BASELINE_NOTICE_MS,
  epochAt,
  NO_BASELINE_GRID,
  type Baseline,
  type BaselineDetails,
  type BaselineEpoch,
} from './baselines.js';
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
export { MAX_SEGMENTS, segmentColumnsOf, segmentName } from './segments.js';
export {
  baselineRowsSchema,
  columnSchema,
  deploymentSchema,
  modelSchema,
  versionSchema,
  type ColumnRole,
  type ColumnSpec,
  type DeploymentSpec,
  type ModelSpec,
  type PerformanceSpec,
  type SamplingSpec,
  type VersionSpec,
} from './schemas.js';
