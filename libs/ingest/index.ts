export { CapturedRows, countCapturedRows, type StoredCapturedRow } from './captured-rows.js';
export { Compaction } from './compaction.js';
export { GroupCommitter } from './group-committer.js';
export { Ingest, type IngestReceipt } from './ingest.js';
export { IngestMetrics } from './metrics.js';
export {
  DEFAULT_INGEST_LIMITS,
  inferencesSchema,
  MAX_PAYLOAD_ROWS,
  type IngestLimits,
  type InferencesBody,
} from './schemas.js';
export { VersionContexts } from './version-context.js';
export {
  addCounts,
  EVER,
  Windows,
  type StoredWindow,
  type TimeRange,
  type WindowCounts,
  type WindowSummary,
} from './windows.js';
