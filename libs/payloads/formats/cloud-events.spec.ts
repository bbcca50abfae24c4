import { describe, expect, it } from '@jest/globals';
import { utf8 } from '../context-for-tests.js';
import { UnreadablePayload } from '../decoding.js';
import { isBinaryMode, readBinaryEvent, readStructuredEvents } from './cloud-events.js';

const BODY = utf8('{"instances":[[1,"a"]]}');
const HEADERS = {
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '0009174a',
  'ce-type': 'org.kubeflow.serving.inference.request',
  'ce-source': 'pod-1',
  'ce-time': '2026-11-23T04:00:00.1234567Z',
  'ce-inferenceservicename': 'iris',
  'ce-namespace': 'default',
  'ce-component': 'predictor',
  'ce-endpoint': '',
};
const EVENT = {
  specversion: '1.0',
  id: 'e',
  source: 's',
  type: 'x.inference.response',
  data: { predictions: [1] },
};

describe('events in binary mode', () => {
  it('are told by their headers', () => {
    expect(isBinaryMode(HEADERS)).toBe(true);
    expect(isBinaryMode({ 'content-type': 'application/json' })).toBe(false);
  });

  it("are KServe's, with the time of the call", () => {
    expect(readBinaryEvent(HEADERS, BODY)).toMatchObject({
      part: 'request',
      callId: '0009174a',
      at: Date.UTC(2026, 10, 23, 4, 0, 0, 123),
      body: { format: 'json', value: { instances: [[1, 'a']] } },
    });
  });

  it('have one key for a repeated delivery and others for the response, another pod and another component', () => {
    const keyOf = (changes: object): string => {
      const event = readBinaryEvent({ ...HEADERS, ...changes }, BODY);
      return event.part === null ? '' : event.key;
    };
    const keys = [
      {},
      { 'ce-type': 'org.kubeflow.serving.inference.response' },
      { 'ce-source': 'pod-2' },
      { 'ce-component': 'transformer' },
      { 'ce-id': 'other' },
    ].map(keyOf);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keyOf({ 'ce-time': '2026-11-23T05:00:00Z' })).toBe(keys[0]);
  });

  it('have one scope for both halves of a call, and others where another component or service logged it', () => {
    const scopeOf = (changes: object): string => {
      const event = readBinaryEvent({ ...HEADERS, ...changes }, BODY);
      return event.part === null ? '' : event.callScope;
    };
    expect(scopeOf({ 'ce-type': 'org.kubeflow.serving.inference.response' })).toBe(scopeOf({}));
    expect(scopeOf({ 'ce-id': 'other', 'ce-endpoint': 'canary' })).toBe(scopeOf({}));
    const scopes = [
      {},
      { 'ce-source': 'pod-2' },
      { 'ce-component': 'transformer' },
      { 'ce-inferenceservicename': 'other' },
      { 'ce-namespace': 'other' },
    ].map(scopeOf);
    expect(new Set(scopes).size).toBe(scopes.length);
  });

  it('have percent-encoded attributes, which structured events have as they are', () => {
    const at = (changes: object): unknown => readBinaryEvent({ ...HEADERS, ...changes }, BODY);
    expect(at({ 'ce-id': 'Z%C3%BCrich' })).toMatchObject({ callId: 'Zürich' });
    expect(at({ 'ce-id': '"a \\"b\\""' })).toMatchObject({ callId: 'a "b"' });
    expect(at({ 'ce-id': '100%' })).toMatchObject({ callId: '100%' });
  });

  it('know where the JSON of their body ends when its header came along', () => {
    const spec = { name: 'r', shape: [1], datatype: 'FP64', parameters: { binary_data_size: 8 } };
    const head = utf8(`${JSON.stringify({ outputs: [spec] })} `);
    const body = new Uint8Array([...head, ...new Uint8Array(8).fill(32)]);
    for (const length of [head.length, null])
      expect(readBinaryEvent(HEADERS, body, length)).toMatchObject({
        body: { format: 'v2-binary', jsonLength: head.length },
      });
  });

  it("are paired by Seldon's request id where there is one", () => {
    expect(readBinaryEvent({ ...HEADERS, 'ce-requestid': 'call-7' }, BODY)).toMatchObject({
      callId: 'call-7',
    });
  });

  it('of other types are left alone, whatever is in them', () => {
    const type = 'io.seldon.serving.inference.outlier';
    expect(readBinaryEvent({ ...HEADERS, 'ce-type': type }, utf8('no JSON'))).toEqual({ part: null, type });
  });

  it.each<[string, object, RegExp]>([
    ['without an id', { 'ce-id': '' }, /no "id"/],
    ['without a source and a type', { 'ce-source': '', 'ce-type': '' }, /no "source", "type"/],
    ['with a time that is none', { 'ce-time': 'noon' }, /"noon" is not RFC 3339/],
    ['with an id that is too long', { 'ce-id': 'x'.repeat(201) }, /at most 200/],
  ])('%s are refused', (_, changes, message) => {
    expect(() => readBinaryEvent({ ...HEADERS, ...changes }, BODY)).toThrow(UnreadablePayload);
    expect(() => readBinaryEvent({ ...HEADERS, ...changes }, BODY)).toThrow(message);
  });
});

describe('structured events', () => {
  it('hold their data as JSON, as a text of JSON, or in base64', () => {
    const text = JSON.stringify(EVENT.data);
    const events = [EVENT, { ...EVENT, data: text }, { ...EVENT, data: undefined, data_base64: btoa(text) }];
    for (const event of readStructuredEvents(events, 10))
      expect(event).toMatchObject({
        part: 'response',
        at: null,
        body: { format: 'json', value: EVENT.data },
      });
  });

  it.each<[string, unknown, RegExp]>([
    ['a number', 7, /the number 7/],
    ['a batch of one that is something else', [null], /event \/0 is null/],
    ['no attributes', {}, /no "id", "source", "type", "specversion"/],
    ['data that is not base64', { ...EVENT, data_base64: '***' }, /not base64/],
    ['a text that is not JSON', { ...EVENT, data: '{' }, /not JSON/],
    ['an id that cannot be stored', { ...EVENT, id: '\ud800' }, /surrogates/],
    ['more events than may be sent', new Array(11).fill(EVENT), /11 events; send at most 10/],
  ])('%s is refused', (_, body, message) => {
    expect(() => readStructuredEvents(body, 10)).toThrow(UnreadablePayload);
    expect(() => readStructuredEvents(body, 10)).toThrow(message);
  });

  it('that cannot be read say so in their place, and the others of the batch are read', () => {
    const events = [
      EVENT,
      null,
      {},
      { ...EVENT, time: 'noon' },
      { ...EVENT, data: 'no JSON' },
      { ...EVENT, data_base64: '***' },
      EVENT,
    ];
    const read = readStructuredEvents(events, 10);
    expect(read.map((event) => ('problem' in event ? event.problem.message : event.part))).toEqual([
      'response',
      expect.stringContaining('/1 is null'),
      expect.stringContaining('no "id"'),
      expect.stringContaining('"noon" is not RFC 3339'),
      expect.stringContaining('not JSON'),
      expect.stringContaining('/5/data_base64 is not base64'),
      'response',
    ]);
  });
});
