import { UnreadablePayload, type DecodedRows, type DecodingContext } from '../decoding.js';
import { isRecord, kindOf } from '../rejections.js';
import { DoubleArena } from '../double-arena.js';
import type { TableCells } from '../table.js';
import { readJson } from './json-text.js';
import { shapeOf } from './shape.js';
import { decodeV2, nameOf, readJsonTensor } from './v2-json.js';
import type { Tensor } from './tensors.js';

/** A body of JSON and what follows it, and the JSON's value. */
export interface V2BinaryBody {
  readonly bytes: Uint8Array;
  readonly jsonLength: number;
  readonly head: unknown;
}

/** Reads the JSON in front of the tensors. @throws UnreadablePayload `not-json`, `wrong-form` for a length beyond the body */
export function readV2Binary(bytes: Uint8Array, jsonLength: number): V2BinaryBody {
  if (!Number.isSafeInteger(jsonLength) || jsonLength < 2 || jsonLength > bytes.length)
    throw new UnreadablePayload(
      'wrong-form',
      `the JSON is said to have ${jsonLength} bytes and the body has ${bytes.length}`,
    );
  return { bytes, jsonLength, head: readJson(bytes.subarray(0, jsonLength)) };
}

/**
 * Decodes V2 with the binary tensor extension: `jsonLength` bytes of JSON, then the tensors that have
 * `parameters.binary_data_size`, little-endian and row-major, one behind the other. Other tensors have their `data` in the JSON.
 *
 * @throws UnreadablePayload `not-json`, `wrong-form` (a size that does not fit, an unknown datatype, bytes left over), `too-many-rows`
 */
export function decodeV2Binary(
  { bytes, jsonLength, head: body }: V2BinaryBody,
  context: DecodingContext,
): DecodedRows {
  if (!isRecord(body))
    throw new UnreadablePayload(
      'wrong-form',
      `the body's JSON is ${kindOf(body)}; expected an object with "inputs" or "outputs"`,
    );
  let offset = jsonLength;
  const arena = new DoubleArena((bytes.length - jsonLength) >> 3);
  const isText = new Map(context.columns.map(({ name, type }) => [name, type !== 'numeric']));
  const take = (spec: Readonly<Record<string, unknown>>, pointer: string): Tensor => {
    if (!hasBinarySize(spec)) return readJsonTensor(spec, pointer, context);
    const name = nameOf(spec, pointer);
    const size = binarySize(spec, pointer);
    if (offset + size > bytes.length)
      throw new UnreadablePayload(
        'wrong-form',
        `${pointer} is said to have ${size} bytes; ${bytes.length - offset} are left`,
        `${pointer}/parameters/binary_data_size`,
      );
    const values = readTensor(
      bytes.subarray(offset, offset + size),
      spec['datatype'],
      pointer,
      isText.get(name) === true,
      arena,
    );
    offset += size;
    return { name, ...shapeOf(spec['shape'], values.length, pointer), values };
  };
  const rows = decodeV2(body, context, take);
  if (offset < bytes.length)
    throw new UnreadablePayload(
      'wrong-form',
      `the body has ${bytes.length - offset} bytes behind its last tensor`,
    );
  return rows;
}

function binarySize({ parameters }: Readonly<Record<string, unknown>>, pointer: string): number {
  const size = isRecord(parameters) ? parameters['binary_data_size'] : undefined;
  if (Number.isSafeInteger(size) && (size as number) >= 0) return size as number;
  throw new UnreadablePayload(
    'wrong-form',
    `${pointer}/parameters/binary_data_size is ${kindOf(size)}; expected the number of its bytes`,
    `${pointer}/parameters/binary_data_size`,
  );
}

function hasBinarySize({ parameters }: Readonly<Record<string, unknown>>): boolean {
  return isRecord(parameters) && 'binary_data_size' in parameters;
}

/** The bytes that the tensors of a body say they have behind its JSON. */
export function binaryLength(body: unknown): number {
  if (!isRecord(body)) return 0;
  const tensors = [body['inputs'], body['outputs']].flatMap((list) =>
    Array.isArray(list) ? (list as readonly unknown[]) : [],
  );
  let length = 0;
  for (const tensor of tensors)
    if (isRecord(tensor) && hasBinarySize(tensor)) length += binarySize(tensor, '');
  return length;
}

/** Values of fixed size: bytes each, and how one is read. */
interface FixedType {
  readonly size: number;
  readonly read: (view: DataView, at: number) => number;
}

const FIXED_TYPES: Readonly<Record<string, FixedType>> = {
  UINT8: { size: 1, read: (view, at) => view.getUint8(at) },
  UINT16: { size: 2, read: (view, at) => view.getUint16(at, true) },
  UINT32: { size: 4, read: (view, at) => view.getUint32(at, true) },
  UINT64: { size: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  INT8: { size: 1, read: (view, at) => view.getInt8(at) },
  INT16: { size: 2, read: (view, at) => view.getInt16(at, true) },
  INT32: { size: 4, read: (view, at) => view.getInt32(at, true) },
  INT64: { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  FP16: { size: 2, read: (view, at) => halfPrecision(view.getUint16(at, true)) },
  BF16: { size: 2, read: (view, at) => brainFloat(view.getUint16(at, true)) },
  FP32: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  FP64: { size: 8, read: (view, at) => view.getFloat64(at, true) },
};

function readTensor(
  bytes: Uint8Array,
  datatype: unknown,
  pointer: string,
  isText: boolean,
  arena: DoubleArena,
): TableCells {
  if (datatype === 'BYTES') return readTexts(bytes, pointer);
  if (datatype === 'BOOL') return Array.from(bytes, (byte) => byte !== 0);
  const fixed = typeof datatype === 'string' ? FIXED_TYPES[datatype] : undefined;
  if (fixed === undefined)
    throw new UnreadablePayload(
      'wrong-form',
      `${pointer}/datatype is ${kindOf(datatype)}; expected one of BOOL, BYTES, ${Object.keys(FIXED_TYPES).join(', ')}`,
      `${pointer}/datatype`,
    );
  if (bytes.length % fixed.size !== 0)
    throw new UnreadablePayload(
      'wrong-form',
      `${pointer} has ${bytes.length} bytes, which is no whole number of ${String(datatype)} values`,
      `${pointer}/parameters/binary_data_size`,
    );
  // Ids are often 64-bit numbers; as categories they keep all their digits.
  if (isText && (datatype === 'INT64' || datatype === 'UINT64'))
    return readLongs(bytes, datatype === 'INT64');
  return datatype === 'FP64' ? readDoubles(bytes, arena) : readNumbers(bytes, fixed);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readDoubles(bytes: Uint8Array, arena: DoubleArena): Float64Array {
  const values = arena.take(bytes.length >> 3);
  const view = viewOf(bytes);
  for (let i = 0; i < values.length; i += 1) values[i] = view.getFloat64(8 * i, true);
  return values;
}

function readNumbers(bytes: Uint8Array, { size, read }: FixedType): Float64Array {
  const values = new Float64Array(bytes.length / size);
  const view = viewOf(bytes);
  for (let i = 0; i < values.length; i += 1) values[i] = read(view, i * size);
  return values;
}

function readLongs(bytes: Uint8Array, isSigned: boolean): string[] {
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length / 8 }, (_, i) =>
    String(isSigned ? view.getBigInt64(8 * i, true) : view.getBigUint64(8 * i, true)),
  );
}

/** BYTES: each value is its length in 4 bytes, then UTF-8. */
function readTexts(bytes: Uint8Array, pointer: string): unknown[] {
  const view = viewOf(bytes);
  const whole = asciiText(bytes);
  const texts: unknown[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Infinity;
    if (at + 4 + length > bytes.length)
      throw new UnreadablePayload(
        'wrong-form',
        `${pointer}: value ${texts.length} reaches beyond the tensor's bytes`,
        pointer,
      );
    texts.push(
      whole === null ? textOf(bytes.subarray(at + 4, at + 4 + length)) : whole.slice(at + 4, at + 4 + length),
    );
    at += 4 + length;
  }
  return texts;
}

/** All bytes as one text where each is an ASCII character, so that places in both are the same; else null. */
function asciiText(bytes: Uint8Array): string | null {
  const text = LENIENT_UTF_8.decode(bytes);
  return text.length === bytes.length && !text.includes('\ufffd') ? text : null;
}

const STRICT_UTF_8 = new TextDecoder('utf-8', { fatal: true });
const LENIENT_UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** What stands for a value that is no text: its row is refused, and no other one. */
const NOT_UTF_8 = Symbol('bytes that are not UTF-8');

function textOf(bytes: Uint8Array): string | symbol {
  try {
    return STRICT_UTF_8.decode(bytes);
  } catch {
    return NOT_UTF_8;
  }
}

function brainFloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/** IEEE 754 half precision: 1 sign, 5 exponent and 10 fraction bits. */
function halfPrecision(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
