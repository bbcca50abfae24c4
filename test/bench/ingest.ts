import { connectRooms, registerVersion } from '../rooms.js';
import { openTestDatabase } from '../database.js';
import { medianNs, report } from './report.js';

const PAYLOADS = 100;
const PAYLOAD_ROWS = 100;
const FEATURES = 30;
const CONCURRENCY = 32;

const test = await openTestDatabase();
const { ingest, baselines, models, clock } = connectRooms(test.database);
const names = Array.from({ length: FEATURES }, (_, index) => `f${index}`);
const rowsOf = (count: number, seed: number): Record<string, number>[] =>
  Array.from({ length: count }, (_, row) =>
    Object.fromEntries(
      names.map((name, index) => [name, Math.sin(seed + row * 12.9898 + index * 78.233) * 100]),
    ),
  );

await registerVersion(models, 'bench');
await models.putVersion('bench', {
  name: 'wide',
  columns: names.map((name) => ({ name, role: 'feature', type: 'numeric' })),
});
await baselines.register('bench', 'wide', { kind: 'rows', rows: rowsOf(5_000, 1) });
const rows = rowsOf(PAYLOAD_ROWS, 2).map((values) => ({ values }));

let sequence = 0;
const send = (): Promise<unknown> =>
  ingest.accept('bench', 'wide', {
    body: { format: 'json', value: { payloadId: `p${(sequence += 1)}`, rows } },
  });

/** Every payload waits for its own commit before the next is sent: one transaction each. */
async function oneByOne(): Promise<void> {
  for (let each = 0; each < PAYLOADS; each += 1) await send();
}

/** As many senders as a busy service has: their payloads share commits. */
async function together(): Promise<void> {
  let left = PAYLOADS;
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left > 0) {
        left -= 1;
        await send();
      }
    }),
  );
}

const grouped = await medianNs(together, { runs: 5, warmups: 2 });
const single = await medianNs(oneByOne, { runs: 5, warmups: 1 });
const rate = (ns: number): number => (PAYLOADS * PAYLOAD_ROWS) / (ns / 1e9) / 1_000;
clock.advance(60_000);
await test.close();
report('ingest', [
  {
    name: `durable rows of ${FEATURES} features, ${PAYLOAD_ROWS} a payload, ${CONCURRENCY} senders`,
    unit: 'thousand rows/s',
    ours: rate(grouped),
    peer: rate(single),
    peerName: 'one commit a payload',
    ratio: single / grouped,
    target: 2,
  },
]);
