export {
  CapturedExamples,
  type CapturedExample,
  type ColumnExamples,
  type ExampleQuery,
} from './captured-examples.js';
export { CapturedExport, EXPORT_FORMATS, type ExportFormat, type ExportQuery } from './captured-export.js';
export { CapturedRows, countCapturedRows, type StoredCapturedRow } from './captured-rows.js';
export { Compaction } from './compaction.js';
export { GroupCommitter } from './group-committer.js';
export { Ingest, type EventFailure, type EventReceipt, type IngestMessage } from './ingest.js';
export { EXAMPLE_KINDS, EXAMPLE_REASONS, type ExampleKind, type ExampleReason } from './example-kinds.js';
export { forgetLateWindows } from './late-windows.js';
export { IngestMetrics } from './metrics.js';
export { Pairing, PAIRING_TIMEOUT_SECONDS } from './pairing.js';
export { ParquetIngest } from './parquet-ingest.js';
export { unreadable, type IngestReceipt } from './receipts.js';
export {
  DEFAULT_INGEST_LIMITS,
  inferencesSchema,
  MAX_EVENTS,
  MAX_PAYLOAD_ROWS,
  partSchema,
  payloadIdSchema,
  type IngestLimits,
} from './schemas.js';
export { Rebuilding } from './rebuilding.js';
export { Rollups } from './rollups.js';
export {
  addCounts,
  inferenceCountOf,
  receivedInferenceCountOf,
  refusalsByReason,
  rejectedCountOf,
  rejectionsOf,
  type Tallies,
} from './tallies.js';
export { deleteVersionData, versionIdsWithData, type DeletedWindows } from './version-deletion.js';
export { VersionContexts } from './version-context.js';
export {
  EVER,
  Windows,
  type Lateness,
  type StoredWindow,
  type TimeRange,
  type WindowCounts,
  type WindowSummary,
} from './windows.js';
