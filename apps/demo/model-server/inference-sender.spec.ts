import { afterEach, describe, expect, it } from '@jest/globals';
import type { Payload } from '../api-types.js';
import { serveJson, type JsonAnswer, type RunningServer } from '../json-server.js';
import { InferenceSender, type SenderOptions } from './inference-sender.js';

const PATH = (version: string): string => `POST /api/v1/models/flight-delay/versions/${version}/inferences`;
const ACCEPTED = (payload: Payload): JsonAnswer => ({
  status: 202,
  body: { receivedCount: payload.rows.length, acceptedCount: payload.rows.length, rejectedCount: 0 },
});

let server: RunningServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

/** A Leeway that answers each payload as `answer` says, and a sender to it. */
async function setUp(
  answer: (payload: Payload, attempt: number) => JsonAnswer,
  options: Partial<SenderOptions> = {},
) {
  const received: { version: string; payload: Payload }[] = [];
  const log: string[] = [];
  const take =
    (version: string) =>
    ({ body }: { body: string }) => {
      const payload = JSON.parse(body) as Payload;
      received.push({ version, payload });
      return answer(payload, received.length);
    };
  server = await serveJson({ [PATH('v1')]: take('v1'), [PATH('v2')]: take('v2') }, 0);
  const sender = new InferenceSender({
    leewayUrl: server.url,
    apiKey: 'lw_test',
    model: 'flight-delay',
    maxPayloadRows: 10,
    maxWaitMs: 5,
    maxQueuedRows: 1_000,
    retry: { giveUpAfterMs: 1_000, firstDelayMs: 5, maxDelayMs: 10, tryTimeoutMs: 500 },
    log: (line) => log.push(line),
    ...options,
  });
  return { sender, received, log };
}

const rows = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    inferenceId: `flight-${index}-1`,
    values: { distance: index },
  }));

describe('the sender of inferences', () => {
  it('gathers rows into payloads and counts what was acknowledged', async () => {
    const { sender, received } = await setUp(ACCEPTED);
    sender.add('v1', rows(25));
    await sender.flush();
    expect(received.map(({ payload }) => payload.rows.length)).toEqual([10, 10, 5]);
    expect(sender.stats).toMatchObject({
      sampled: 25,
      acknowledged: 25,
      accepted: 25,
      queued: 0,
      dropped: 0,
      refused: 0,
    });
  });

  it('sends a lonely row after a short wait', async () => {
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const { sender } = await setUp((payload) => {
      arrived();
      return ACCEPTED(payload);
    });
    sender.add('v1', rows(1));
    await arrival;
    await sender.flush();
    expect(sender.stats.acknowledged).toBe(1);
  });

  it('keeps the payload id over its tries, and gives each payload its own', async () => {
    const { sender, received } = await setUp((payload, attempt) =>
      attempt <= 2 ? { status: 503 } : ACCEPTED(payload),
    );
    sender.add('v1', rows(20));
    await sender.flush();
    const ids = received.map(({ payload }) => payload.payloadId);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
    expect(sender.stats).toMatchObject({ acknowledged: 20, retries: 2 });
  });

  it('goes on after the patience of one round is over', async () => {
    const { sender } = await setUp(
      (payload, attempt) => (attempt <= 6 ? { status: 500 } : ACCEPTED(payload)),
      {
        retry: { giveUpAfterMs: 10, firstDelayMs: 5, maxDelayMs: 5, tryTimeoutMs: 500 },
      },
    );
    sender.add('v1', rows(1));
    await sender.flush();
    expect(sender.stats.acknowledged).toBe(1);
  });

  it('never mixes versions in a payload', async () => {
    const { sender, received } = await setUp(ACCEPTED);
    sender.add('v1', rows(3));
    sender.add('v2', rows(4));
    await sender.flush();
    expect(received.map(({ version, payload }) => [version, payload.rows.length])).toEqual([
      ['v1', 3],
      ['v2', 4],
    ]);
  });

  it('gives up a payload that Leeway refuses for good', async () => {
    const { sender, received, log } = await setUp(() => ({ status: 404 }));
    sender.add('v1', rows(3));
    await sender.flush();
    expect(received).toHaveLength(1);
    expect(sender.stats).toMatchObject({ acknowledged: 0, refused: 3 });
    expect(log).toHaveLength(1);
  });

  it('drops rows rather than to fill the memory, and counts them', async () => {
    const { sender } = await setUp(ACCEPTED, { maxQueuedRows: 12 });
    sender.add('v1', rows(20));
    await sender.flush();
    expect(sender.stats).toMatchObject({ sampled: 20, acknowledged: 12, dropped: 8, queued: 0 });
  });
});
