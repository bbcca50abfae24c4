import { describe, expect, it } from '@jest/globals';
import { readContent } from '#ingest';
import { decodeBody, UnreadablePayload, type PayloadColumn, type ReadBody } from '#payloads';
import { LeewayError } from '#platform';
import { COLUMNS } from '../bench/ingest/rows.js';
import { mutatedRequest } from './payload-mutations.js';

const PAYLOADS = 5_000;
const columns = COLUMNS.map(({ name, type, role }): PayloadColumn => ({
  name,
  type: type === 'numeric' ? 'numeric' : 'categorical',
  side: role === 'score' ? 'response' : 'request',
}));
const now = Date.now();

function decode(body: ReadBody): void {
  const { batch, rejections, receivedCount } = decodeBody(body, {
    columns,
    part: null,
    inferenceIdOf: String,
    receivedAt: now,
    eventAt: now,
    maxFutureMs: 300_000,
    maxAgeMs: 86_400_000,
    maxRows: 10_000,
  });
  expect(batch.rowCount + rejections.count).toBe(receivedCount);
}

/** Reads a request as the server does; what it throws for a bad one is the sender's to mend. */
function read(seed: number): void {
  const { headers, body } = mutatedRequest(seed);
  const content = readContent(headers, body, { payloadId: undefined, part: undefined });
  if (content.kind === 'payload') decode(content.message.body);
  else for (const event of content.events) if (event.part !== null) decode(event.body);
}

describe('mutated payloads', () => {
  it(`${PAYLOADS} of them are decoded or refused with a reason, and never throw anything else`, () => {
    for (let seed = 0; seed < PAYLOADS; seed += 1) {
      try {
        read(seed);
      } catch (error) {
        if (error instanceof LeewayError || error instanceof UnreadablePayload) continue;
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
});
