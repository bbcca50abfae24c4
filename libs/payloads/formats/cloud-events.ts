import { UnreadablePayload } from '../decoding.js';
import { isRecord, kindOf, quoted } from '../rejections.js';
import { instantOf } from '../row-facts.js';
import { isCallId, MAX_CALL_ID_LENGTH, readBody, sniffBody, type ReadBody } from './body.js';

/** One event of a payload logger: the request or the response of one inference call. */
export interface InferenceEvent {
  readonly part: 'request' | 'response';
  /** The same for every delivery of this event, and for no other one. */
  readonly key: string;
  /** The same for the request and the response of one call. */
  readonly callId: string;
  /** Where the call was made: a client may choose its id, and the components of one service may each log it under the same one. */
  readonly callScope: string;
  /** When the event happened, milliseconds since the epoch; null where the sender does not say. */
  readonly at: number | null;
  readonly body: ReadBody;
}

/** An event that is not one of an inference, such as another one of the same broker. */
export interface OtherEvent {
  readonly part: null;
  readonly type: string;
}

/** An event of a batch that cannot be read; the others can. */
export interface UnreadableEvent {
  readonly part: null;
  readonly problem: UnreadablePayload;
}

export type ReadEvent = InferenceEvent | OtherEvent | UnreadableEvent;

/** Attributes of an event by their CloudEvents names, in lower case, and its data. */
interface RawEvent {
  readonly attributes: ReadonlyMap<string, string>;
  readonly readData: () => ReadBody;
}

const PREFIX = 'ce-';
const REQUIRED = ['id', 'source', 'type', 'specversion'];

/** Whether the headers are those of CloudEvents' binary mode. */
export function isBinaryMode(headers: Readonly<Record<string, unknown>>): boolean {
  return `${PREFIX}type` in headers || `${PREFIX}id` in headers;
}

/**
 * The one event of a request in binary mode: attributes in `ce-` headers, data in the body. The content type is not
 * looked at, since KServe's logger sends the request's with every response.
 *
 * @throws UnreadablePayload `wrong-form` for missing attributes, `not-json`
 */
export function readBinaryEvent(
  headers: Readonly<Record<string, unknown>>,
  bytes: Uint8Array,
  jsonLength: number | null = null,
): InferenceEvent | OtherEvent {
  const attributes = new Map<string, string>();
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith(PREFIX) && typeof value === 'string')
      attributes.set(name.slice(PREFIX.length), attributeOf(value));
  return eventOf({ attributes, readData: () => sniffBody(bytes, jsonLength) }, '');
}

/** A header as the attribute that it stands for: without quotes around it, and percent-decoded (CloudEvents 1.0.2, HTTP binding, 3.1.3.2). */
function attributeOf(header: string): string {
  const text = /^".*"$/s.test(header) ? header.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : header;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The events of a structured body (`application/cloudevents+json`, an object) or of a batch
 * (`application/cloudevents-batch+json`, an array), in their order. One of a batch that cannot be read says so in its place.
 *
 * @throws UnreadablePayload `wrong-form` and `not-json` for an event that is alone, `too-many-rows` for more than `maxEvents`
 */
export function readStructuredEvents(body: unknown, maxEvents: number): ReadEvent[] {
  if (!Array.isArray(body)) return [structuredEvent(body, '')];
  if (body.length > maxEvents)
    throw new UnreadablePayload(
      'too-many-rows',
      `the batch has ${body.length} events; send at most ${maxEvents} at once`,
    );
  return (body as readonly unknown[]).map((event, index): ReadEvent => {
    try {
      return structuredEvent(event, `/${index}`);
    } catch (error) {
      if (!(error instanceof UnreadablePayload) || body.length === 1) throw error;
      return { part: null, problem: error };
    }
  });
}

function structuredEvent(event: unknown, pointer: string): InferenceEvent | OtherEvent {
  if (!isRecord(event))
    throw new UnreadablePayload(
      'wrong-form',
      `the event ${pointer} is ${kindOf(event)}; expected an object`,
      pointer,
    );
  const attributes = new Map<string, string>();
  for (const [name, value] of Object.entries(event))
    if (name !== 'data' && name !== 'data_base64' && ['string', 'number', 'boolean'].includes(typeof value))
      attributes.set(name.toLowerCase(), String(value));
  return eventOf({ attributes, readData: () => structuredData(event, pointer) }, pointer);
}

function structuredData(event: Readonly<Record<string, unknown>>, pointer: string): ReadBody {
  const { data, data_base64: base64 } = event;
  if (typeof base64 === 'string') return sniffBody(bytesOfBase64(base64, `${pointer}/data_base64`));
  if (typeof data === 'string') return readBody('json', new TextEncoder().encode(data));
  return { format: 'json', value: data };
}

function bytesOfBase64(text: string, pointer: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new UnreadablePayload('wrong-form', `${pointer} is not base64`, pointer);
  }
}

function eventOf({ attributes, readData }: RawEvent, pointer: string): InferenceEvent | OtherEvent {
  const absent = REQUIRED.filter((name) => (attributes.get(name) ?? '') === '');
  if (absent.length > 0)
    throw new UnreadablePayload(
      'wrong-form',
      `the event has no ${absent.map((name) => JSON.stringify(name)).join(', ')}; CloudEvents requires ${REQUIRED.join(', ')}`,
      pointer,
    );
  const attribute = (name: string): string => attributes.get(name) ?? '';
  const type = attribute('type');
  const part = partOf(type);
  if (part === null) return { part, type };
  return {
    part,
    key: JSON.stringify([...EVENT_SCOPE.map(attribute), attribute('id'), type]),
    callId: callIdOf(attributes, pointer),
    callScope: JSON.stringify(CALL_SCOPE.map(attribute)),
    at: timeOf(attributes, pointer),
    body: readData(),
  };
}

/** KServe's logger gives a request and its response one id, and a client may choose it: only with these it is unique. */
const CALL_SCOPE = ['namespace', 'inferenceservicename', 'component', 'source'];
const EVENT_SCOPE = [...CALL_SCOPE, 'endpoint'];

function partOf(type: string): 'request' | 'response' | null {
  if (/(^|\.)inference\.request$/.test(type)) return 'request';
  return /(^|\.)inference\.response$/.test(type) ? 'response' : null;
}

/** Seldon's events have ids of their own, and the call's in `requestid`. */
function callIdOf(attributes: ReadonlyMap<string, string>, pointer: string): string {
  const requestId = attributes.get('requestid') ?? '';
  const callId = requestId === '' ? (attributes.get('id') ?? '') : requestId;
  if (isCallId(callId)) return callId;
  throw new UnreadablePayload(
    'wrong-form',
    `the event's id must be a text of at most ${MAX_CALL_ID_LENGTH} characters without NUL and lone surrogates`,
    `${pointer}/${requestId === '' ? 'id' : 'requestid'}`,
  );
}

function timeOf(attributes: ReadonlyMap<string, string>, pointer: string): number | null {
  const time = attributes.get('time') ?? '';
  if (time === '') return null;
  const at = instantOf(time);
  if (!Number.isNaN(at)) return at;
  throw new UnreadablePayload(
    'wrong-form',
    `the event's time ${quoted(time)} is not RFC 3339 with a zone`,
    `${pointer}/time`,
  );
}
