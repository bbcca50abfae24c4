import { joinBatches, selectRows, type ColumnBatch, type PayloadPart } from '#payloads';
import { windowStart, type Instant } from '#platform';
import { WHOLE } from '#registry';
import { emptyProfile, foldColumns, foldSomeColumns, type Grid, type Profile } from '#stats';
import type { CaptureBounds, CapturedRow } from './capture-bounds.js';
import { capturedRowsOf } from './captured-part.js';
import type { PendingPayload } from './pending-payload.js';
import { segmentsOfRows } from './segments.js';
import { addTo, type Tallies } from './tallies.js';
import type { VersionContext } from './version-context.js';

/** What one commit adds to one window: the key, the rows on the window's grid, and what else is counted. */
export interface Delta {
  readonly versionId: string;
  readonly segment: string;
  readonly start: Instant;
  readonly profile: Profile;
  readonly tallies: Record<string, number>;
  /** Rows that arrived for the window and could be counted, sampled out or not. */
  receivedCount: number;
}

/** Everything that one commit writes beside the payload keys. */
export interface Folded {
  readonly deltas: readonly Delta[];
  readonly captured: readonly CapturedRow[];
}

/**
 * Folds payloads into one delta per version, segment and window, and picks the rows to capture. Of `duplicates` only their
 * number is counted. Pure.
 */
export function foldPayloads(
  payloads: readonly PendingPayload[],
  duplicates: readonly PendingPayload[],
  bounds: CaptureBounds,
): Folded {
  const deltas = new Deltas();
  const captured = new Map<string, CapturedRow[]>();
  for (const { context, part, callScope, segment, start, rows, capturedFrom } of gather(payloads)) {
    foldRows(deltas.of(context, segment, start), rows, part);
    if (start < capturedFrom) continue;
    const { id } = context.version;
    const { maxRowsPerWindow } = context.version.model.capture;
    const kept = capturedRowsOf(
      rows,
      start,
      { part, callScope },
      context,
      bounds.boundOf(id, start, part, maxRowsPerWindow),
    );
    const key = `${id}/${start}/${part}`;
    captured.set(key, [...(captured.get(key) ?? []), ...kept]);
  }
  for (const payload of payloads) {
    for (const { segment, start, count } of payload.sampledOut)
      addSampledOut(deltas.of(payload.context, segment, start), count, payload.part);
    deltas.tally(payload, payload.tallies);
  }
  for (const payload of duplicates) deltas.tally(payload, { duplicate: payload.receivedCount });
  return {
    deltas: deltas.all(),
    captured: [...captured.values()].flatMap((rows) => bounds.select(rows, rows[0]?.maxRows ?? 0)),
  };
}

/** Rows of one window, segment and part of one version; those of halves were of one scope. */
interface GatheredRows extends WindowPart {
  readonly context: VersionContext;
  readonly part: PayloadPart;
  readonly callScope: string;
  readonly capturedFrom: Instant;
}

/**
 * The rows of all payloads by where they are counted. Folding costs as much for one row as for thirty, so that payloads of single
 * rows are put together first.
 */
function gather(payloads: readonly PendingPayload[]): GatheredRows[] {
  const gathered = new Map<string, { readonly first: GatheredRows; readonly batches: ColumnBatch[] }>();
  for (const { context, part, callScope, batch, capturedFrom } of payloads) {
    for (const { segment, start, rows } of splitByWindow(batch, context)) {
      // Two payloads of a version may have been decoded with two contexts, of which the later one knows a new baseline.
      const key = `${context.version.id}/${context.gridAt(start).hash}/${start}/${part}/${callScope}/${segment}`;
      const known = gathered.get(key);
      if (known !== undefined) known.batches.push(rows);
      else
        gathered.set(key, {
          first: { context, part, callScope, segment, start, rows, capturedFrom },
          batches: [rows],
        });
    }
  }
  return [...gathered.values()].map(({ first, batches }) => ({ ...first, rows: joinBatches(batches) }));
}

/** An inference is counted by its request, and by its response only where no requests come: see `inferenceCountOf`. */
function foldRows(delta: Delta, rows: ColumnBatch, part: PayloadPart): void {
  const { rowCount, columns } = rows;
  if (part === 'whole') foldColumns(delta.profile, rowCount, columns);
  else foldSomeColumns(delta.profile, rowCount, columns, part === 'request' ? rowCount : 0);
  if (part !== 'whole') addTo(delta.tallies, { [`${part}-half`]: rowCount });
  addReceived(delta, rowCount, part);
}

function addReceived(delta: Delta, rowCount: number, part: PayloadPart): void {
  if (part !== 'response') delta.receivedCount += rowCount;
}

/** Halves that were left out are counted apart, so that the inferences that arrived can be told from halves as those that were counted. */
function addSampledOut(delta: Delta, rowCount: number, part: PayloadPart): void {
  addReceived(delta, rowCount, part);
  if (part !== 'whole') addTo(delta.tallies, { [`${part}-sampled-out`]: rowCount });
}

/** The deltas of one commit by their key. */
class Deltas {
  private readonly byKey = new Map<string, Delta>();

  of(context: VersionContext, segment: string, start: Instant): Delta {
    const grid: Grid = context.gridAt(start);
    const key = `${context.version.id}/${start}/${segment}/${grid.hash}`;
    let delta = this.byKey.get(key);
    if (delta === undefined) {
      const { id: versionId } = context.version;
      delta = { versionId, segment, start, profile: emptyProfile(grid), tallies: {}, receivedCount: 0 };
      this.byKey.set(key, delta);
    }
    return delta;
  }

  /** Adds to the window in which the payload arrived: what was refused may have no event time that can be trusted. */
  tally({ context, receivedAt }: PendingPayload, tallies: Tallies): void {
    if (Object.keys(tallies).length === 0) return;
    const start = windowStart(receivedAt, context.version.model.grainMs);
    addTo(this.of(context, WHOLE, start).tallies, tallies);
  }

  all(): Delta[] {
    return [...this.byKey.values()];
  }
}

interface WindowPart {
  readonly segment: string;
  readonly start: Instant;
  readonly rows: ColumnBatch;
}

/** A part by the places of its rows in their batch. */
interface Rows {
  readonly segment: string;
  readonly start: Instant;
  readonly rows: number[];
}

function splitByWindow(batch: ColumnBatch, context: VersionContext): WindowPart[] {
  const { grainMs } = context.version.model;
  const segmentOf = segmentsOfRows(batch, context);
  const isOneSegment = context.segmentColumns.length === 0;
  const parts = new Map<string, Rows>();
  let last = null as Rows | null;
  for (let row = 0; row < batch.rowCount; row += 1) {
    const start = windowStart(batch.timestamps[row] ?? NaN, grainMs);
    // Most payloads are of one window: its key is not written anew for each row.
    if (isOneSegment && last?.start === start) {
      last.rows.push(row);
      continue;
    }
    const segment = segmentOf(row);
    const key: string = `${start}/${segment}`;
    last = parts.get(key) ?? null;
    if (last !== null) last.rows.push(row);
    else parts.set(key, (last = { segment, start, rows: [row] }));
  }
  return [...parts.values()].map((part) => ({ ...part, rows: selectRows(batch, part.rows) }));
}
