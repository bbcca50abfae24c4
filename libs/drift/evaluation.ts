import { durationMs, type Clock, type Instant, type Page } from '#platform';
import type { Lateness, TimeRange, Windows } from '#ingest';
import type { Model, Models, Version } from '#registry';
import { DEFAULT_DRIFTED_SHARE, type DriftAnswers } from './drift-answers.js';
import type { DriftResult } from './drift-result.js';
import type { DriftResultQuery, DriftResults, StoredDriftResult } from './drift-results.js';
import type { Monitor, Monitors } from './monitors.js';
import type { DriftEvaluationSpec } from './schemas.js';

/** Runs monitors: windows against baselines, to drift results, to signals. */
export class DriftEvaluation {
  constructor(
    private readonly models: Models,
    private readonly windows: Windows,
    private readonly monitors: Monitors,
    private readonly answers: DriftAnswers,
    private readonly results: DriftResults,
    private readonly clock: Clock,
    private readonly lateness: Lateness,
  ) {}

  /** Evaluates the monitors that are due. One that fails is reported to `onFailure` and does not stop the others. */
  async runDue(onFailure: (monitor: Monitor, error: unknown) => void): Promise<void> {
    for (const monitor of await this.monitors.claimDue(this.clock.now())) {
      try {
        await this.runMonitor(monitor);
      } catch (error) {
        onFailure(monitor, error);
      }
    }
  }

  /** Compares exactly the windows that start in [from, to) with the baseline that counts at its end. Not stored. */
  async evaluate(modelName: string, versionName: string, spec: DriftEvaluationSpec): Promise<DriftResult> {
    const version = await this.models.getVersion(modelName, versionName);
    return this.answers.answer({
      version,
      monitor: null,
      range: { from: Date.parse(spec.from), to: Date.parse(spec.to) },
      columns: spec.columns,
      segment: spec.segment ?? null,
      reference: spec.reference,
      thresholds: spec.thresholds,
      driftedShare: DEFAULT_DRIFTED_SHARE,
    });
  }

  async list(modelName: string, query: DriftResultQuery): Promise<Page<StoredDriftResult>> {
    return this.results.list(await this.models.get(modelName), query);
  }

  async get(id: string): Promise<StoredDriftResult> {
    return this.results.get(id);
  }

  /** Forgets results before `before`. */
  async deleteBefore(before: Instant): Promise<void> {
    return this.results.deleteBefore(before);
  }

  /** Marks the stored results that do not hold rows which came late. */
  async markOutdated(): Promise<void> {
    return this.results.markOutdated(this.clock.now());
  }

  private async runMonitor(monitor: Monitor): Promise<void> {
    const model = await this.models.get(monitor.model);
    const range = this.spanOf(monitor, model);
    for (const version of await this.windows.activeVersions(model.id, range.from)) {
      // One that was read too long ago is read anew. A second time something holds it up, which somebody should know.
      if (await this.judge(monitor, { model, version, range })) continue;
      if (await this.judge(monitor, { model, version, range })) continue;
      throw new Error(
        'the evaluation takes so long that rows which come meanwhile could not be told from others',
      );
    }
  }

  /** Stores what a monitor says of a version; returns false when it was read too long ago to be stored. */
  private async judge(
    monitor: Monitor,
    {
      model,
      version,
      range,
    }: { readonly model: Model; readonly version: Version; readonly range: TimeRange },
  ): Promise<boolean> {
    const readIn = await this.results.snapshot();
    const result = await this.answers.answer({
      version,
      monitor: monitor.name,
      range,
      columns: monitor.columns,
      segment: null,
      reference: monitor.reference,
      thresholds: monitor.thresholds,
      driftedShare: monitor.driftedShare,
    });
    return this.results.store(model, version, result, readIn);
  }

  private spanOf(monitor: Monitor, model: Model): TimeRange {
    const to = this.windows.lastClosedEnd(model.grainMs, this.lateness);
    return { from: to - durationMs(monitor.span), to };
  }
}
