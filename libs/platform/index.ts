export {
  allows,
  apiKeySchema,
  ApiKeys,
  SCOPES,
  type ApiKey,
  type ApiKeySpec,
  type Scope,
} from './api-keys.js';
export { systemClock, TestClock, toRfc3339, windowStart, type Clock, type Instant } from './clock.js';
export { DailyPartitions } from './daily-partitions.js';
export { isRefusal } from './database-errors.js';
export { Database, withRetries, type DatabaseOptions, type Sql, type Transaction } from './database.js';
export { deleteRows, distinctKeys } from './deleting.js';
export { durationMs, durationSchema, positiveDurationSchema } from './duration.js';
export {
  ENVIRONMENT_VARIABLES,
  parseEnvironment,
  type Environment,
  type Parsed,
  type Role,
} from './environment.js';
export { ERROR_CODES, LeewayError, messageOf, type ErrorCode, type ErrorPlace } from './errors.js';
export { lockFolder, type FolderLock } from './folder-lock.js';
export { Jobs, type QueueDepth, type QueuePolicy } from './jobs.js';
export { createLogger, type Logger } from './logging.js';
export { instantSchema, nameSchema } from './names.js';
export {
  callOutbound,
  FAILURE_KINDS,
  failureOfError,
  failureOfStatus,
  OutboundMetrics,
  type FailureKind,
  type OutboundAnswer,
  type OutboundCall,
  type OutboundDeps,
  type OutboundFailure,
  type OutboundResult,
} from './outbound.js';
export {
  decodeCursor,
  encodeCursor,
  MAX_PAGE_SIZE,
  pageQuerySchema,
  toPage,
  type Page,
  type PageRequest,
} from './paging.js';
export {
  doublesExpression,
  doublesOf,
  integersOf,
  ParquetFile,
  quotedColumn,
  UnreadableParquet,
  type ParquetColumn,
} from './parquet-file.js';
export {
  cellsOfChunk,
  instantCells,
  jsonCells,
  parquetKindOf,
  type CellSelection,
  type ParquetKind,
} from './parquet-cells.js';
export { parquetBytes, type WrittenBatch, type WrittenCell, type WrittenColumn } from './parquet-writer.js';
export { sweepTemporaryFolders } from './temporary-folder.js';
export { UploadSpace } from './upload-space.js';
export { currentSnapshot, type Snapshot } from './snapshot.js';
export { secretRefSchema, secretResolver, type ResolveSecret, type SecretRef } from './secrets.js';
