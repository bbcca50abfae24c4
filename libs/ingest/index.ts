export { CapturedBaselines, type CapturedBaseline } from './captured-baselines.js';
export { FIRST_BASELINE_REASONS, FirstBaselines, type FirstBaselineStatus } from './first-baselines.js';
export {
  CapturedExamples,
  type CapturedExample,
  type ColumnExamples,
  type ExampleQuery,
} from './captured-examples.js';
export { CapturedExport, EXPORT_FORMATS, type ExportFormat, type ExportQuery } from './captured-export.js';
export { capturedPlaces, hasWaitingHalves, isCapturedById, type CapturedPlace } from './captured-places.js';
export { CapturedRows, countCapturedRows, type StoredCapturedRow } from './captured-rows.js';
export { Compaction } from './compaction.js';
export { DEAD_LETTER_REASONS, type DeadLetterReason } from './dead-letter-reasons.js';
export { type Delivery } from './delivery.js';
export { GroupCommitter } from './group-committer.js';
export { HeldBytes, type HeldShare } from './held-bytes.js';
export { Ingest, type EventFailure, type EventReceipt } from './ingest.js';
export { EXAMPLE_KINDS, EXAMPLE_REASONS, type ExampleKind, type ExampleReason } from './example-kinds.js';
export { forgetLateWindows, lateWindows, type LateWindow } from './late-windows.js';
export {
  DeadLetters,
  deleteDeadLettersOf,
  type DeadLetter,
  type WholeDeadLetter,
} from './kafka/dead-letters.js';
export { KafkaMetrics } from './kafka/kafka-metrics.js';
export { KafkaSource, type SourceDeps } from './kafka/kafka-source.js';
export { secretsOf, sourceSchema, type SourceSpec } from './kafka/source-schema.js';
export { StoredOffsets, type StoredOffset } from './kafka/stored-offsets.js';
export {
  readContent,
  readRows,
  type BesideBody,
  type IngestContent,
  type IngestMessage,
} from './ingest-content.js';
export { IngestMetrics } from './metrics.js';
export { Pairing, PAIRING_TIMEOUT_SECONDS } from './pairing.js';
export { KeyRotation } from './payload-keys.js';
export { PayloadDecoder } from './payload-decoder.js';
export { ParquetIngest } from './parquet-ingest.js';
export { unreadable, type IngestReceipt } from './receipts.js';
export {
  DEFAULT_INGEST_LIMITS,
  inferencesSchema,
  MAX_HELD_BYTES,
  MAX_PAYLOAD_BYTES,
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
export { VersionContexts, type VersionContext } from './version-context.js';
export {
  EVER,
  Windows,
  type Lateness,
  type StoredWindow,
  type TimeRange,
  type WindowCounts,
  type WindowSummary,
} from './windows.js';
