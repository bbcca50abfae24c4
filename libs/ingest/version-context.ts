import type { ColumnSide, PayloadColumn } from '#payloads';
import {
  MAX_SEGMENTS,
  NO_BASELINE_GRID,
  OTHER,
  epochAt,
  segmentColumnsOf,
  segmentName,
  type BaselineEpoch,
  type Baselines,
  type ColumnRole,
  type Models,
  type Version,
} from '#registry';
import type { Grid } from '#stats';
import type { Clock, Instant } from '#platform';

/**
 * How long what is known of a version is used without asking again. New baselines wait for longer than this before
 * they take effect (BASELINE_NOTICE_MS), so that no node counts a window on the wrong grid.
 */
const CONTEXT_MS = 1_000;
/** Versions in memory; unknown names are not remembered. */
const MAX_CONTEXTS = 10_000;

/** What ingest has to know of a version to decode, fold and capture its rows. */
export interface VersionContext {
  readonly version: Version;
  readonly columns: readonly PayloadColumn[];
  readonly segmentColumns: readonly string[];
  /** The grid that windows starting at this instant are counted on. */
  gridAt(start: Instant): Grid;
  /** The segment that a row with these values of the segment columns is counted under. */
  segmentOf(values: readonly (string | number | null)[]): string;
}

/** Contexts of versions, kept for a second. */
export class VersionContexts {
  private readonly kept = new Map<string, { context: Promise<VersionContext>; until: Instant }>();
  private readonly columns = new Map<string, readonly PayloadColumn[]>();

  constructor(
    private readonly models: Models,
    private readonly baselines: Baselines,
    private readonly clock: Clock,
  ) {}

  /** @throws LeewayError `not-found` if the model or the version is unknown */
  of(modelName: string, versionName: string): Promise<VersionContext> {
    const key = JSON.stringify([modelName, versionName]);
    const now = this.clock.now();
    const known = this.kept.get(key);
    if (known !== undefined && known.until > now) return known.context;
    if (this.kept.size >= MAX_CONTEXTS) this.kept.clear();
    const context = this.load(modelName, versionName);
    this.kept.set(key, { context, until: now + CONTEXT_MS });
    context.catch(() => this.kept.delete(key));
    return context;
  }

  /** The version's columns, the same list every time: what is compiled for a list is kept with it. They never change. */
  private columnsOf(version: Version): readonly PayloadColumn[] {
    const known = this.columns.get(version.id);
    if (known !== undefined) return known;
    if (this.columns.size >= MAX_CONTEXTS) this.columns.clear();
    const columns = version.columns.map(({ name, type, role }) => ({ name, type, side: SIDES[role] }));
    this.columns.set(version.id, columns);
    return columns;
  }

  private async load(modelName: string, versionName: string): Promise<VersionContext> {
    const version = await this.models.getVersion(modelName, versionName);
    const epochs = await this.baselines.epochs(version.id);
    const grids = new Map<string, Grid>();
    for (const { gridHash } of epochs) grids.set(gridHash, await this.baselines.grid(gridHash));
    return contextOf(version, this.columnsOf(version), epochs, grids, this.clock.now());
  }
}

function contextOf(
  version: Version,
  columns: readonly PayloadColumn[],
  epochs: readonly BaselineEpoch[],
  grids: ReadonlyMap<string, Grid>,
  now: Instant,
): VersionContext {
  const segmentColumns = segmentColumnsOf(version.columns);
  const epoch = epochAt(epochs, now) ?? epochs.at(-1);
  const known = new Set(
    epoch === undefined ? [] : segmentsOf(segmentColumns, epoch, grids.get(epoch.gridHash)),
  );
  return {
    version,
    segmentColumns,
    columns,
    gridAt(start) {
      const epoch = epochAt(epochs, start);
      return (epoch && grids.get(epoch.gridHash)) ?? NO_BASELINE_GRID;
    },
    segmentOf(values) {
      const segment = segmentName(values);
      return known.has(segment) ? segment : OTHER;
    },
  };
}

const SIDES: Readonly<Record<ColumnRole, ColumnSide>> = {
  feature: 'request',
  segment: 'request',
  prediction: 'response',
  score: 'response',
  groundTruth: 'neither',
};

/** The segments that the baseline knows: a client cannot invent windows. */
function segmentsOf(
  columns: readonly string[],
  epoch: BaselineEpoch,
  grid: Grid | undefined,
): readonly string[] {
  if (epoch.segments !== null) return epoch.segments;
  const definition = grid?.columns.find(({ name }) => name === columns[0])?.grid;
  if (definition?.kind !== 'categorical') return [];
  return definition.categories.slice(0, MAX_SEGMENTS).map((category) => segmentName([category]));
}
