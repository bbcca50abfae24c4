import { checkRowCount, UnreadablePayload, type DecodedRows, type DecodingContext } from '../decoding.js';
import { decodeRecords } from '../records.js';
import { isRecord, kindOf, quoted } from '../rejections.js';
import { decodeColumns } from './columns.js';
import { decodeKServeV1 } from './kserve-v1.js';
import { formOf } from './lines.js';
import { decodeSeldon } from './seldon.js';
import { decodeV2Json, isV2 } from './v2-json.js';

const ENVELOPE_FIELDS = ['payloadId', 'part', 'rows', 'columns', 'inferenceIds', 'timestamps'];

/**
 * Decodes a JSON body, whichever of the forms it has: `{ rows }`, `{ columns }`, an array of flat records, KServe V1, the
 * Open Inference Protocol V2, or Seldon's.
 *
 * @throws UnreadablePayload `wrong-form`, `too-many-rows`
 */
export function decodeJson(body: unknown, context: DecodingContext): DecodedRows {
  if (Array.isArray(body)) {
    checkRowCount(body.length, context);
    return decodeRecords(body, formOf(body, context), context);
  }
  if (!isRecord(body)) throw new UnreadablePayload('wrong-form', `the body is ${kindOf(body)}; ${EXPECTED}`);
  if ('rows' in body || 'columns' in body) return decodeEnvelope(body, context);
  if (isV2(body)) return decodeV2Json(body, context);
  if (['instances', 'inputs', 'predictions', 'outputs'].some((name) => name in body))
    return decodeKServeV1(body, context);
  if (isRecord(body['data'])) return decodeSeldon(body, context);
  throw new UnreadablePayload('wrong-form', `the body has the keys ${keysOf(body)}; ${EXPECTED}`);
}

const EXPECTED =
  'expected an object with "rows", "columns", "instances", "predictions", "inputs", "outputs" or "data", or an array of records';

function decodeEnvelope(body: Readonly<Record<string, unknown>>, context: DecodingContext): DecodedRows {
  const other = Object.keys(body).find((key) => !ENVELOPE_FIELDS.includes(key));
  if (other !== undefined)
    throw new UnreadablePayload(
      'wrong-form',
      `the body has the key ${quoted(other)}, which is unknown`,
      `/${other}`,
    );
  if (!('rows' in body)) return decodeColumns(body, context);
  const { rows } = body;
  if (Array.isArray(rows) && !('columns' in body)) return decodeRecords(rows, 'row', context);
  throw new UnreadablePayload(
    'wrong-form',
    'columns' in body
      ? 'the body has both "rows" and "columns"'
      : `"rows" is ${kindOf(rows)}; expected an array`,
    '/rows',
  );
}

function keysOf(body: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(body)
    .slice(0, 10)
    .map((key) => quoted(key));
  return keys.length === 0 ? 'none' : keys.join(', ').slice(0, 300);
}
