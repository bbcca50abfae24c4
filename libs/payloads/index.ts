export { cellOf, cellOfText, isStorableText, MAX_CATEGORY_LENGTH, MAX_TEXT_LENGTH } from './cell.js';
export {
  joinBatches,
  selectRows,
  type ColumnBatch,
  COLUMN_TYPES,
  type ColumnSide,
  type ColumnType,
  type StringValues,
  type NamedColumn,
  type NumericValues,
  PAYLOAD_PARTS,
  type PayloadColumn,
  type PayloadPart,
} from './column-batch.js';
export { ColumnBuilder, type Cell } from './column-builder.js';
export { UnreadablePayload, type DecodedRows, type DecodingContext } from './decoding.js';
export {
  BODY_FORMATS,
  decodeBody,
  idsOf,
  readBody,
  type BodyFormat,
  type BodyIds,
  type ReadBody,
} from './formats/body.js';
export {
  isBinaryMode,
  readBinaryEvent,
  readStructuredEvents,
  type InferenceEvent,
  type OtherEvent,
  type ReadEvent,
} from './formats/cloud-events.js';
export {
  decodeGroundTruth,
  type DecodedTruths,
  type TruthBatch,
  type TruthContext,
  type TruthKind,
} from './ground-truth.js';
export { decodeRecords, ID_FIELDS, TIME_FIELDS } from './records.js';
export {
  MAX_LISTED_REJECTIONS,
  REJECTION_REASONS,
  type Rejection,
  type RejectionReason,
  type Rejections,
} from './rejections.js';
export { MAX_INFERENCE_ID_LENGTH } from './row-facts.js';
export { decodeTable, type Table, type TableCells } from './table.js';
export { UnexpectedColumns } from './unexpected-columns.js';
