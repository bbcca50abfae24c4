import type { Lateness, Windows } from '#ingest';
import type { Database } from '#platform';
import type { Model, Models } from '#registry';
import type { Signals } from '#signals';
import { ingestSamples } from './ingest-samples.js';

/** Windows behind the newest closed one that are written again, for rows that came late. */
const REWRITTEN_WINDOWS = 3;
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

  /** Writes the newest closed windows of every model. Writing one again replaces its samples. */
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
    const counts = await this.windows.counts(model.id, {
      from: to - Math.max(REWRITTEN_WINDOWS * model.grainMs, MIN_LOOKBACK_MS),
      to,
    });
    const samples = counts.flatMap((window) => ingestSamples(model, window));
    if (samples.length === 0) return;
    await this.signals.prepare(samples.map(({ at }) => at));
    await this.signals.write(this.database, samples);
  }
}
