import type { Lateness, Windows } from '#ingest';
import type { Database } from '#platform';
import type { Model, Models } from '#registry';
import type { Signals } from '#signals';
import { ingestSamples } from './ingest-samples.js';

/** Windows behind the newest closed one that are written again, for rows that came late. */
const REWRITTEN_WINDOWS = 3;
/** How far back windows are written that closed while no worker ran: more would hold up the first pass after it for long. */
const CATCH_UP_MS = 24 * 3_600_000;
/** With short windows a pass that was held up must still find those that it missed. */
const MIN_LOOKBACK_MS = 10_000;
const MODELS_PER_PAGE = 500;

/** What windows count, as signals: see `ingestSamples`. */
export class WindowSignals {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly windows: Windows,
    private readonly signals: Signals,
    private readonly lateness: Lateness,
  ) {}

  /** Writes the newest closed windows of every model, and those that closed while nobody wrote. Writing one again replaces its samples. */
  async write(onFailure: (model: string, error: unknown) => void): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.models.list({ limit: MODELS_PER_PAGE, cursor });
      for (const model of page.items)
        await this.writeModel(model).catch((error: unknown) => onFailure(model.name, error));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  private async writeModel(model: Model): Promise<void> {
    const to = this.windows.lastClosedEnd(model.grainMs, this.lateness);
    const lookbackMs = Math.max(REWRITTEN_WINDOWS * model.grainMs, MIN_LOOKBACK_MS);
    // A sample is at the end of its window; the newest one tells what was written when a worker last ran.
    const written = (await this.signals.newestAt(model.name, 'ingest_rows')) ?? to;
    const missedMs = Math.min(Math.max(to - written, 0), CATCH_UP_MS);
    const counts = await this.windows.counts(model.id, { from: to - lookbackMs - missedMs, to });
    const samples = counts.flatMap((window) => ingestSamples(model, window));
    if (samples.length === 0) return;
    await this.signals.prepare(samples.map(({ at }) => at));
    await this.signals.write(this.database, samples);
  }
}
