import { randomUUID } from 'node:crypto';
import type { ColumnDrift, InferenceRow, Receipt } from '../api-types.js';
import { COLUMNS, inferenceId, MODEL, servedValues } from '../flight-delay.js';
import { readFlights, type Flights } from '../flights.js';
import { JANUARY_AGAINST_JUNE, KS_ROUNDING, PSI_TOLERANCE } from '../golden.js';
import { featuresOf } from '../risk-model.js';
import { seededRandom, shuffledIndices } from '../seeded-random.js';
import { counted, inSeconds } from '../terminal.js';
import { until } from '../until.js';
import { FIRST_VERSION } from './baseline.js';
import { columnTable } from './drift-table.js';
import type { LiveStage } from './stage.js';
import { expectNoAlert } from './watch.js';

const JUNE_FLIGHTS = 502_222;
const ROWS_PER_PAYLOAD = 1_000;
const PAYLOADS_IN_FLIGHT = 6;
const SHUFFLE_SEED = 20_010_601;

/** What a client that is being rewritten sends by mistake. */
const BAD_ROWS: readonly InferenceRow[] = [
  { inferenceId: 'bad-1', values: { distance: '1,024', origin: 'ORD', hour: 7, delay_risk: 0.2 } },
  { inferenceId: 'bad-2', values: { distance: 733, origin: 'ATL', hour: 'noon', delay_risk: 0.2 } },
  { inferenceId: 'bad-3', values: { distance: 733, hour: 12, delay_risk: 0.2 } },
  { inferenceId: 'bad-4', values: { origin: 'DEN', hour: 12, delay_risk: 0.2 } },
  {
    inferenceId: 'bad-5',
    values: { distance: 733, origin: 'SFO', hour: 12, delay_risk: null },
    timestamp: 'yesterday',
  },
];

/** What the batch sent, for the balance at the end. */
export interface SentBatch {
  readonly acknowledged: number;
  readonly rejected: number;
}

/** A job that scores all of June offline and sends it at once: real rows with known outcomes, so scores can be checked. */
export async function scoreJune(stage: LiveStage): Promise<SentBatch> {
  stage.terminal.heading('A batch job scores all of June, and the drift is compared with SciPy');
  const june = await readFlights(6);
  const startedAt = performance.now();
  const receipts = await sendAll(stage, june);
  const sent = tellReceipts(stage, receipts, performance.now() - startedAt);
  stage.claims.check('the month is whole', june.count === JUNE_FLIGHTS, String(june.count));

  const range = await batchRange(stage);
  await evaluateDrift(stage, range);
  await untilMonitorSaw(stage, range.to);
  await expectNoAlert(stage, 'a batch of half a million rows leaves no alert');
  const later = inSeconds(performance.now() - startedAt);
  stage.terminal.line(`No alert, ${later} after the first row: a burst alone is no drift.`);
  return sent;
}

function tellReceipts(
  { terminal, claims }: LiveStage,
  receipts: readonly Receipt[],
  tookMs: number,
): SentBatch {
  const sum = (count: (receipt: Receipt) => number): number =>
    receipts.reduce((total, receipt) => total + count(receipt), 0);
  const acknowledged = sum(({ receivedCount }) => receivedCount);
  const rejected = sum(({ rejectedCount }) => rejectedCount);
  const rowsPerSecond = Math.round((acknowledged / tookMs) * 1_000);
  terminal.line(
    `${counted(acknowledged)} rows in ${receipts.length} payloads, durable in ${inSeconds(tookMs)} (${counted(rowsPerSecond)} rows/s).`,
  );
  terminal.line(`${rejected} bad rows were rejected, and the good rows of their payload kept:`);
  for (const { reason, message } of receipts.flatMap(({ rejections }) => rejections))
    terminal.line(`  ${reason}: ${message}`);
  claims.check(
    'every row of the batch is acknowledged',
    acknowledged === JUNE_FLIGHTS + BAD_ROWS.length,
    String(acknowledged),
  );
  claims.check('exactly the bad rows were rejected', rejected === BAD_ROWS.length, String(rejected));
  return { acknowledged, rejected };
}

async function evaluateDrift(stage: LiveStage, range: BatchRange): Promise<void> {
  const { terminal, claims, leeway } = stage;
  const drift = await leeway.evaluateDrift(MODEL, FIRST_VERSION, {
    ...range,
    columns: COLUMNS.map(({ name }) => name),
  });
  const n = counted(drift.columns[0]?.baselineCount ?? 0);
  terminal.line();
  terminal.line(
    `January (n ${n}) against June (n ${counted(drift.rowCount)}): the model is "${drift.verdict}", ${drift.reason}`,
  );
  columnTable(terminal, drift.columns);
  compareWithGolden(stage, drift.columns);
  claims.check(
    'the comparison holds exactly the batch',
    drift.rowCount === JUNE_FLIGHTS,
    String(drift.rowCount),
  );
  claims.check('June has not drifted', drift.verdict === 'ok', drift.verdict);
}

async function untilMonitorSaw({ leeway }: LiveStage, end: string): Promise<void> {
  await until('the live monitor has seen the whole batch', { timeoutMs: 20_000 }, async () => {
    const [newest] = await leeway.driftResults(MODEL, { monitor: 'live', limit: 1 });
    return newest !== undefined && Date.parse(newest.to) >= Date.parse(end) ? newest : undefined;
  });
}

/** Sends all payloads, several at a time, each from its own place in the shuffled month. */
async function sendAll({ leeway, model }: LiveStage, june: Flights): Promise<Receipt[]> {
  const order = shuffledIndices(june.count, seededRandom(SHUFFLE_SEED));
  const payloadCount = Math.ceil(june.count / ROWS_PER_PAYLOAD);
  const receipts: Receipt[] = [];
  let next = 0;
  const sendNext = async (): Promise<void> => {
    for (let payload = next++; payload < payloadCount; payload = next++) {
      const flights = order.subarray(payload * ROWS_PER_PAYLOAD, (payload + 1) * ROWS_PER_PAYLOAD);
      // The event time is now: the moment at which the job made the prediction.
      const timestamp = new Date().toISOString();
      const rows = Array.from(flights, (flight): InferenceRow => ({
        inferenceId: inferenceId(june.rowNumbers[flight] ?? 0, 0),
        timestamp,
        values: { ...servedValues(model, featuresOf(june, flight)), delay: june.delays[flight] },
      }));
      const isBad = payload === Math.floor(payloadCount / 2);
      receipts.push(
        await leeway.sendInferences(MODEL, FIRST_VERSION, {
          payloadId: randomUUID(),
          rows: isBad ? [...rows, ...BAD_ROWS] : rows,
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: PAYLOADS_IN_FLIGHT }, sendNext));
  return receipts;
}

interface BatchRange {
  readonly from: string;
  readonly to: string;
}

/** Exactly the windows that the batch is in: nothing else has been sent yet. */
async function batchRange({ leeway }: LiveStage): Promise<BatchRange> {
  const windows = await leeway.windows(MODEL, FIRST_VERSION);
  const starts = windows.map(({ start }) => start).sort();
  const ends = windows.map(({ end }) => end).sort();
  return { from: starts[0] ?? '', to: ends.at(-1) ?? '' };
}

function compareWithGolden({ terminal, claims }: LiveStage, columns: readonly ColumnDrift[]): void {
  const rows = JANUARY_AGAINST_JUNE.flatMap((golden) => {
    const found = columns.find(({ column }) => column === golden.column);
    const psiDifference = Math.abs((found?.psi ?? NaN) - golden.psi);
    claims.check(
      `PSI of ${golden.column} equals SciPy's to ${PSI_TOLERANCE}`,
      psiDifference <= PSI_TOLERANCE,
      String(found?.psi),
    );
    const psi = [
      golden.column,
      'PSI',
      String(found?.psi),
      String(golden.psi),
      `differs by ${psiDifference.toExponential(1)}`,
    ];
    if (golden.ks === null) return [psi];
    const [low, high] = [found?.ks ?? NaN, found?.ksUpperBound ?? NaN];
    const isInside = low <= golden.ks + KS_ROUNDING && golden.ks <= high + KS_ROUNDING;
    claims.check(
      `the exact KS of ${golden.column} lies within Leeway's bounds`,
      isInside,
      `[${low}, ${high}]`,
    );
    return [
      psi,
      [
        golden.column,
        'KS',
        `[${low.toFixed(7)}, ${high.toFixed(7)}]`,
        String(golden.ks),
        isInside ? 'inside' : 'outside',
      ],
    ];
  });
  terminal.line();
  terminal.table(['column', 'measure', 'Leeway', 'SciPy on the raw rows', ''], rows);
}
