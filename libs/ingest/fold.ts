import { selectRows, type ColumnBatch } from '#payloads';
import { windowStart, type Instant } from '#platform';
import { emptyProfile, foldColumns, type Grid, type Profile } from '#stats';
import type { CaptureBounds, CapturedRow } from './capture-bounds.js';
import type { PendingPayload } from './pending-payload.js';
import { sampleRank } from './sampling.js';
import { WHOLE, type VersionContext } from './version-context.js';

/** What one commit adds to one window: the key, the rows on the window's grid, and what was refused. */
export interface Delta {
  readonly versionId: string;
  readonly segment: string;
  readonly start: Instant;
  readonly profile: Profile;
  readonly rejections: Record<string, number>;
}

/** Everything that one commit writes beside the payload keys. */
export interface Folded {
  readonly deltas: readonly Delta[];
  readonly captured: readonly CapturedRow[];
}

/** Folds payloads into one delta per version, segment and window, and picks the rows to capture. Pure. */
export function foldPayloads(payloads: readonly PendingPayload[], bounds: CaptureBounds): Folded {
  const deltas = new Map<string, Delta>();
  const captured = new Map<string, CapturedRow[]>();
  for (const { context, batch, receivedAt, rejections } of payloads) {
    for (const part of splitByWindow(batch, context)) {
      const delta = deltaOf(deltas, context, part.segment, part.start);
      foldColumns(delta.profile, part.rows.rowCount, part.rows.columns);
      const key = `${context.version.id}/${part.start}`;
      const rows = captureRows(part.rows, part.start, context);
      const earlier = captured.get(key);
      if (earlier === undefined) captured.set(key, rows);
      else for (const row of rows) earlier.push(row);
    }
    if (Object.keys(rejections).length === 0) continue;
    // A refused row may have no event time that can be trusted: it is counted when it arrived.
    const arrived = deltaOf(deltas, context, WHOLE, windowStart(receivedAt, context.version.model.grainMs));
    for (const [reason, count] of Object.entries(rejections))
      arrived.rejections[reason] = (arrived.rejections[reason] ?? 0) + count;
  }
  return {
    deltas: [...deltas.values()],
    captured: [...captured.values()].flatMap((rows) => bounds.select(rows, rows[0]?.maxRows ?? 0)),
  };
}

interface WindowPart {
  readonly segment: string;
  readonly start: Instant;
  readonly rows: ColumnBatch;
}

function splitByWindow(batch: ColumnBatch, context: VersionContext): WindowPart[] {
  const { grainMs } = context.version.model;
  const segments = batch.columns.find(({ name }) => name === context.segmentColumn)?.values;
  const parts = new Map<string, { segment: string; start: Instant; rows: number[] }>();
  for (let row = 0; row < batch.rowCount; row += 1) {
    const start = windowStart(batch.timestamps[row] ?? NaN, grainMs);
    const segment = segments === undefined ? WHOLE : context.segmentOf(segments.values[row] ?? null);
    const key = `${start}/${segment}`;
    const part = parts.get(key);
    if (part === undefined) parts.set(key, { segment, start, rows: [row] });
    else part.rows.push(row);
  }
  return [...parts.values()].map((part) => ({ ...part, rows: selectRows(batch, part.rows) }));
}

function deltaOf(
  deltas: Map<string, Delta>,
  context: VersionContext,
  segment: string,
  start: Instant,
): Delta {
  const grid: Grid = context.gridAt(start);
  const key = `${context.version.id}/${start}/${segment}/${grid.hash}`;
  let delta = deltas.get(key);
  if (delta === undefined) {
    delta = { versionId: context.version.id, segment, start, profile: emptyProfile(grid), rejections: {} };
    deltas.set(key, delta);
  }
  return delta;
}

function captureRows(batch: ColumnBatch, start: Instant, context: VersionContext): CapturedRow[] {
  const { fraction, maxRowsPerWindow, redactedColumns } = context.version.model.capture;
  if (fraction === 0 || maxRowsPerWindow === 0) return [];
  const shown = batch.columns.filter(({ name }) => !redactedColumns.includes(name));
  const rows: CapturedRow[] = [];
  for (let row = 0; row < batch.rowCount; row += 1) {
    const inferenceId = batch.inferenceIds[row] ?? '';
    const rank = sampleRank(inferenceId);
    if (rank >= fraction) continue;
    rows.push({
      versionId: context.version.id,
      start,
      inferenceId,
      eventAt: batch.timestamps[row] ?? NaN,
      sampleRank: rank,
      maxRows: maxRowsPerWindow,
      values: Object.fromEntries(shown.map(({ name, values }) => [name, valueOf(values.values[row])])),
    });
  }
  return rows;
}

/** Code units of a text that a captured row keeps: enough to see what it was, and 1,000 rows of a window stay small. */
const MAX_CAPTURED_LENGTH = 2_000;

/** NaN is how columns hold a missing number; JSON has null for it. A text is cut, between characters, and says so. */
function valueOf(value: number | string | null | undefined): number | string | null {
  if (typeof value === 'string' && value.length > MAX_CAPTURED_LENGTH)
    return `${value.slice(0, MAX_CAPTURED_LENGTH).replace(/[\ud800-\udbff]$/, '')}…`;
  return value === undefined || Number.isNaN(value) ? null : value;
}
