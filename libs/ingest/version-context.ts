import type { PayloadColumn } from '#payloads';
import {
  NO_BASELINE_GRID,
  epochAt,
  type BaselineEpoch,
  type Baselines,
  type Models,
  type Version,
} from '#registry';
import type { Grid } from '#stats';
import type { Clock, Instant } from '#platform';

/** The segment of a version without a segment column. */
export const WHOLE = 'all';
/** Segments of one version that are counted apart; the rest is `other`. */
export const MAX_SEGMENTS = 100;
const OTHER_SEGMENTS = 'other';
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
  readonly segmentColumn: string | null;
  /** The grid that windows starting at this instant are counted on. */
  gridAt(start: Instant): Grid;
  /** The segment that a value of the segment column is counted under. */
  segmentOf(value: string | number | null): string;
}

/** Contexts of versions, kept for a second. */
export class VersionContexts {
  private readonly kept = new Map<string, { context: Promise<VersionContext>; until: Instant }>();

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

  private async load(modelName: string, versionName: string): Promise<VersionContext> {
    const version = await this.models.getVersion(modelName, versionName);
    const epochs = await this.baselines.epochs(version.id);
    const grids = new Map<string, Grid>();
    for (const { gridHash } of epochs) grids.set(gridHash, await this.baselines.grid(gridHash));
    return contextOf(version, epochs, grids);
  }
}

function contextOf(
  version: Version,
  epochs: readonly BaselineEpoch[],
  grids: ReadonlyMap<string, Grid>,
): VersionContext {
  const segmentColumn = version.columns.find(({ role }) => role === 'segment')?.name ?? null;
  const latest = epochs.at(-1);
  const knownSegments =
    segmentColumn === null
      ? new Set<string>()
      : segmentsOf(segmentColumn, latest && grids.get(latest.gridHash));
  return {
    version,
    segmentColumn,
    columns: version.columns.map(({ name, type, role }) => ({
      name,
      type,
      isRequired: role !== 'groundTruth',
    })),
    gridAt(start) {
      const epoch = epochAt(epochs, start);
      return (epoch && grids.get(epoch.gridHash)) ?? NO_BASELINE_GRID;
    },
    segmentOf(value) {
      const segment = value === null ? 'missing' : String(value);
      return knownSegments.has(segment) ? segment : OTHER_SEGMENTS;
    },
  };
}

/** The segments that the baseline knows: a client cannot invent windows. */
function segmentsOf(column: string, grid: Grid | undefined): Set<string> {
  const definition = grid?.columns.find(({ name }) => name === column)?.grid;
  return new Set(definition?.kind === 'categorical' ? definition.categories.slice(0, MAX_SEGMENTS) : []);
}
