import { median } from 'simple-statistics';

/** Median seconds of one call on each side. */
export interface Times {
  readonly ours: number;
  readonly peer: number | null;
}

export interface Runs {
  /** How often each side has its turn. */
  readonly turns: number;
  /** Timed calls in one turn: the first after a pause finds the processor's caches cold and its clock low. */
  readonly calls: number;
  /** Calls of ours before the first that counts, so that it is compiled. The peer warms up once. */
  readonly warmups: number;
  /** Calls of ours that are timed as one: for those too short for the clock. */
  readonly batch?: number;
}

/** The seconds that one call of a peer took, by its own clock. */
export type PeerCall = () => Promise<number> | number;

/** The medians of both sides, which have their turns one after the other, so that a slow minute of the machine falls on both. */
export async function sideBySide(
  ours: () => unknown,
  peer: PeerCall | null,
  { turns, calls, warmups, batch = 1 }: Runs,
): Promise<Times> {
  for (let run = 0; run < warmups; run += 1) await ours();
  if (peer !== null) await peer();
  const times: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
  for (let turn = 0; turn < turns; turn += 1) {
    for (let call = 0; call < calls; call += 1) times.ours.push(await secondsOf(ours, batch));
    if (peer === null) continue;
    for (let call = 0; call < calls; call += 1) times.peer.push(await peer());
  }
  return { ours: median(times.ours), peer: peer === null ? null : median(times.peer) };
}

/** The seconds of one call, of `batch` in a row. */
export async function secondsOf(call: () => unknown, batch = 1): Promise<number> {
  const start = process.hrtime.bigint();
  for (let each = 0; each < batch; each += 1) {
    const pending = call();
    // Waiting for what is not a promise would take longer than some of the calls.
    if (pending instanceof Promise) await pending;
  }
  return Number(process.hrtime.bigint() - start) / 1e9 / batch;
}
