import type { RunningCollector } from './collector-runner.js';
import type { ServingStep, StepRange, StepsByVersion } from './serving-steps.js';
import type { StoredCounts } from './stored-counts.js';

/**
 * The serving counts of a model's versions, whoever collects them: a Prometheus is asked now, what was scraped is read from the database.
 * Of several collectors that know a version the first is taken: adding them up would count calls twice.
 */
export class ServingCountsReader {
  constructor(
    private readonly collectors: readonly RunningCollector[],
    private readonly stored: StoredCounts,
  ) {}

  /**
   * The steps of each version that has any, oldest first; a step that was not measured is left out, never 0.
   *
   * @throws Error that says why a server did not answer, when no other collector knows the versions
   */
  async read(
    model: string,
    versions: readonly string[],
    range: StepRange,
    signal: AbortSignal,
  ): Promise<StepsByVersion> {
    const found = new Map<string, readonly ServingStep[]>();
    const failures: unknown[] = [];
    for (const { source, model: about } of this.collectors) {
      const missing = versions.filter((version) => !found.has(version));
      if (about !== model || missing.length === 0) continue;
      try {
        const steps =
          source.readCounts === undefined
            ? await this.stored.read(source.name, missing, range)
            : await source.readCounts(missing, range, signal);
        for (const [version, each] of steps) found.set(version, each);
      } catch (error) {
        failures.push(error);
      }
    }
    if (found.size === 0 && failures.length > 0) throw failures[0];
    return found;
  }
}
