/**
 * Where a retraining run is.
 *
 * | from      | may become                             |
 * |-----------|----------------------------------------|
 * | requested | submitted, running, failed, timed-out  |
 * | submitted | running, succeeded, failed, timed-out  |
 * | running   | succeeded, failed, timed-out           |
 *
 * `refused`, `succeeded`, `failed` and `timed-out` are final. A consumer may report `running` before its answer to the
 * webhook was recorded, so `requested` may become `running`.
 */
export const RUN_STATUSES = [
  'refused',
  'requested',
  'submitted',
  'running',
  'succeeded',
  'failed',
  'timed-out',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

const TRANSITIONS: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  refused: [],
  requested: ['submitted', 'running', 'failed', 'timed-out'],
  submitted: ['running', 'succeeded', 'failed', 'timed-out'],
  running: ['succeeded', 'failed', 'timed-out'],
  succeeded: [],
  failed: [],
  'timed-out': [],
};

export function mayBecome(from: RunStatus, to: RunStatus): boolean {
  return TRANSITIONS[from].includes(to);
}
