import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LeewayApi } from '../apps/demo/api-client.js';
import { readFlights, type Flights } from '../apps/demo/flights.js';
import { seededRandom, shuffledIndices } from '../apps/demo/seeded-random.js';
import { createTestPlace, type TestPlace } from './database.js';
import { LeewayProcess } from './leeway-process.js';

const PAYLOAD_ROWS = 500;
/** Rows in every payload that do not fit the schema, so that refused rows are part of the balance. */
const BAD_ROWS = 1;
const SENDERS = 6;
const PSI_TOLERANCE = 1e-9;
const COUNTED_COLUMNS = ['delay', 'distance', 'origin'];

interface GoldenCase {
  readonly name: string;
  readonly column: string;
  readonly psiSmoothed: number;
  readonly ksStatistic?: number;
}

/**
 * The whole of June against the whole of January through the API, with the server killed twice in the middle: the
 * senders go on with the same payload ids, nothing is lost or counted twice, and the scores are SciPy's.
 */
describe('kill -9 in the middle of a replay', () => {
  let place: TestPlace;
  let server: LeewayProcess;
  let api: LeewayApi;

  beforeAll(async () => {
    place = await createTestPlace();
    const { dataDir: folder, databaseUrl } = place;
    server = await LeewayProcess.of({ folder, databaseUrl, logLevel: 'warn' });
    await server.start();
    api = new LeewayApi(server.url, LeewayProcess.key, {
      giveUpAfterMs: 60_000,
      firstDelayMs: 50,
      maxDelayMs: 500,
      tryTimeoutMs: 30_000,
    });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await place.remove();
  });

  it("keeps the row balance exact, and the drift of January against June SciPy's", async () => {
    await prepare();
    const june = await readFlights(6);
    const startedAt = Date.now();
    const payloads = payloadsOf(june);
    const total = payloads.length;
    let acknowledged = 0;
    let rejected = 0;
    const send = async (): Promise<void> => {
      for (let payload = payloads.pop(); payload !== undefined; payload = payloads.pop()) {
        const receipt = await api.sendInferences('flights', 'v1', payload as never);
        acknowledged += receipt.receivedCount;
        rejected += receipt.rejectedCount;
      }
    };
    const senders = Promise.all(Array.from({ length: SENDERS }, send));
    for (const share of [0.25, 0.6]) {
      while (payloads.length > total * (1 - share)) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.kill();
      await server.start();
    }
    await senders;
    expect(acknowledged).toBe(june.count + BAD_ROWS * total);

    // And once more, in good order, before anything is asked.
    await server.stop();
    await server.start();
    const windows = await api.windows('flights', 'v1');
    expect(windows.reduce((sum, window) => sum + window.rowCount, 0)).toBe(june.count);
    expect(windows.reduce((sum, window) => sum + window.rejectedCount, 0)).toBe(rejected);
    expect(rejected).toBe(BAD_ROWS * total);

    const range = {
      from: new Date(startedAt - 60_000).toISOString(),
      to: new Date(Date.now() + 60_000).toISOString(),
      columns: COUNTED_COLUMNS,
    };
    const result = await api.evaluateDrift('flights', 'v1', range);
    expect(result.rowCount).toBe(june.count);
    for (const golden of goldenCases()) {
      const drift = result.columns.find(({ column }) => column === golden.column);
      expect(Math.abs((drift?.psi ?? NaN) - golden.psiSmoothed)).toBeLessThan(PSI_TOLERANCE);
      if (golden.ksStatistic === undefined) continue;
      // Both are shares of the same counts: what differs is the last bit of a division.
      expect(drift?.ks ?? NaN).toBeLessThanOrEqual(golden.ksStatistic + 4 * Number.EPSILON);
      expect(drift?.ksUpperBound ?? NaN).toBeGreaterThanOrEqual(golden.ksStatistic - 4 * Number.EPSILON);
    }
  }, 180_000);

  async function prepare(): Promise<void> {
    await api.send('PUT', '/models/flights', {
      grain: '1s',
      capture: { fraction: 0.01, maxRowsPerWindow: 100 },
    });
    await api.createVersion('flights', {
      name: 'v1',
      columns: [
        { name: 'distance', role: 'feature', type: 'numeric' },
        { name: 'origin', role: 'feature', type: 'categorical' },
        { name: 'delay', role: 'groundTruth', type: 'numeric' },
      ],
    });
    const january = await readFlights(1);
    const lines = function* (): Generator<Uint8Array> {
      yield Buffer.from('distance,origin,delay\n');
      for (let from = 0; from < january.count; from += 10_000) {
        const rows = Array.from(
          { length: Math.min(10_000, january.count - from) },
          (_, index) => from + index,
        );
        yield Buffer.from(
          rows
            .map((row) => `${january.distances[row]},${january.origins[row]},${january.delays[row]}\n`)
            .join(''),
        );
      }
    };
    const baseline = await api.registerBaseline('flights', 'v1', 'text/csv', async function* () {
      await Promise.resolve();
      yield* lines();
    });
    expect(baseline.rowCount).toBe(508_239);
  }
});

function payloadsOf(flights: Flights): object[] {
  const order = shuffledIndices(flights.count, seededRandom(6));
  return Array.from({ length: Math.ceil(flights.count / PAYLOAD_ROWS) }, (_, payload) => {
    const rows = [...order.subarray(payload * PAYLOAD_ROWS, (payload + 1) * PAYLOAD_ROWS)];
    return {
      payloadId: `june-${payload}`,
      rows: [
        ...rows.map((row) => ({
          values: {
            distance: flights.distances[row],
            origin: flights.origins[row],
            delay: flights.delays[row],
          },
        })),
        { values: { distance: 'far' } },
      ],
    };
  });
}

function goldenCases(): GoldenCase[] {
  const file = JSON.parse(readFileSync(new URL('./golden/flights.json', import.meta.url), 'utf8')) as {
    cases: GoldenCase[];
  };
  return file.cases.filter(({ name }) => name.endsWith('January against June'));
}
