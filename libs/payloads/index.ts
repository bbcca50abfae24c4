export { cellOf, cellOfText, isStorableText, MAX_CATEGORY_LENGTH } from './cell.js';
export {
  selectRows,
  type ColumnBatch,
  COLUMN_TYPES,
  type ColumnType,
  type StringValues,
  type NamedColumn,
  type NumericValues,
  type PayloadColumn,
} from './column-batch.js';
export { ColumnBuilder, type Cell } from './column-builder.js';
export {
  decodeJsonRows,
  REJECTION_REASONS,
  type DecodedRows,
  type JsonRowsContext,
  type Rejection,
  type RejectionReason,
} from './json-rows.js';
