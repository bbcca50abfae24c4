import { deleteDriftOf, modelIdsWithDrift, type DeletedDrift } from '#drift';
import { deleteGroundTruthOf, modelIdsWithGroundTruth } from '#ground-truth';
import { deleteDeadLettersOf, deleteVersionData, versionIdsWithData, type DeletedWindows } from '#ingest';
import type { Outbox } from '#notify';
import { deletePerformanceOf, versionIdsWithPerformance } from '#performance';
import { withRetries, type Clock, type Database, type Logger, type Transaction } from '#platform';
import {
  deleteRegistryOf,
  goneModelNames,
  goneModels,
  goneVersions,
  lockModel,
  type DeletedRegistry,
} from '#registry';
import type { RetrainingRuns } from '#retraining';
import { deleteAlertsOf, deleteRulesOf, lockAlerting } from '#rules';
import { deleteCountsOf } from '#collectors';
import { deleteSignalsOf, modelsWithSignals } from '#signals';
import type { LeewayConfig } from './config.js';

/** How many rows of each thing a deletion took. */
export interface DeletedCounts extends DeletedRegistry, DeletedWindows, DeletedDrift {
  readonly groundTruth: number;
  readonly performanceResults: number;
  readonly rules: number;
  readonly alerts: number;
  readonly messages: number;
  readonly retrainingRuns: number;
  readonly signals: number;
  readonly deadLetters: number;
}

/** The parts of leeway.yaml that can name a model. */
export const NAMING_PARTS = ['models', 'rules', 'triggers', 'collectors', 'sources'] as const;
export type NamingPart = (typeof NAMING_PARTS)[number];

export interface ModelDeletionResult {
  readonly model: string;
  readonly deleted: DeletedCounts;
  /** What brings the model, or something of it, back: at the next start, or a collector or source at its next round. */
  readonly namedInConfiguration: readonly NamingPart[];
}

/** The parts that write signals of a model, whether it is registered or not. */
const WRITERS: readonly NamingPart[] = ['collectors', 'sources'];

/** Sources of signals that are about registered models only; a collector may be about any. */
const DERIVED_SOURCES = ['ingest', 'drift', 'performance'];

/** Deletes models with all that is theirs, each room its own part. */
export class ModelDeletion {
  constructor(
    private readonly database: Database,
    private readonly rooms: { readonly outbox: Outbox; readonly runs: RetrainingRuns },
    private readonly config: LeewayConfig,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Deletes a model in one transaction: all of it goes, or nothing. What other processes still write of it, because they have known
   * it for up to a second or were in the middle of a pass, is deleted by the next `sweep`.
   *
   * @throws LeewayError `not-found`
   */
  async remove(name: string): Promise<ModelDeletionResult> {
    const deleted = await this.inLongTransaction((tx) => this.deleteModel(tx, name));
    this.logger.info({ model: name, deleted }, 'model deleted');
    return { model: name, deleted, namedInConfiguration: this.partsNaming(name) };
  }

  /** Deletes what was written of models after they were deleted. */
  async sweep(): Promise<void> {
    await this.inLongTransaction(async (tx) => {
      const versionIds = await goneVersions(tx, [
        ...(await versionIdsWithData(tx)),
        ...(await versionIdsWithPerformance(tx)),
      ]);
      const modelIds = await goneModels(tx, [
        ...(await modelIdsWithDrift(tx)),
        ...(await modelIdsWithGroundTruth(tx)),
      ]);
      const names = await goneModelNames(tx, await modelsWithSignals(tx, DERIVED_SOURCES));
      if (versionIds.length + modelIds.length + names.length === 0) return;
      await lockAlerting(tx);
      for (const name of names) {
        // An alert on such a signal would never end; one on the signals of a collector or source may be of a model that is not registered.
        await deleteSignalsOf(tx, name, DERIVED_SOURCES);
        const isWritten = this.partsNaming(name).some((part) => WRITERS.includes(part));
        if (!isWritten) await this.deleteWhatFollowed(tx, name);
      }
      for (const id of modelIds) {
        await deleteDriftOf(tx, id);
        await deleteGroundTruthOf(tx, id);
      }
      await deletePerformanceOf(tx, versionIds);
      await deleteVersionData(tx, versionIds);
      this.logger.info({ versionIds, models: names }, 'remains of deleted models swept');
    });
  }

  /** Against the flow of data: what was decided goes before what it was decided on, and the model last. */
  private async deleteModel(tx: Transaction, name: string): Promise<DeletedCounts> {
    const model = await lockModel(tx, name);
    await lockAlerting(tx);
    const rules = await deleteRulesOf(tx, name, this.clock.now());
    const followed = await this.deleteWhatFollowed(tx, name);
    const drift = await deleteDriftOf(tx, model.id);
    const performanceResults = await deletePerformanceOf(tx, model.versionIds);
    const groundTruth = await deleteGroundTruthOf(tx, model.id);
    const signals = await deleteSignalsOf(tx, name);
    await deleteCountsOf(tx, name);
    const windows = await deleteVersionData(tx, model.versionIds);
    const deadLetters = await deleteDeadLettersOf(tx, name);
    const registry = await deleteRegistryOf(tx, model);
    return {
      ...registry,
      ...windows,
      ...drift,
      ...followed,
      signals,
      rules,
      performanceResults,
      groundTruth,
      deadLetters,
    };
  }

  /** What followed from signals of the model. A message is recorded before its run: so they are deleted in that order, too. */
  private async deleteWhatFollowed(
    tx: Transaction,
    name: string,
  ): Promise<Pick<DeletedCounts, 'alerts' | 'messages' | 'retrainingRuns'>> {
    return {
      alerts: await deleteAlertsOf(tx, name),
      messages: await this.rooms.outbox.deleteOf(tx, name),
      retrainingRuns: await this.rooms.runs.deleteOf(tx, name),
    };
  }

  /** The windows of months may take longer than a statement of the service is allowed to; a deadlock with a worker is tried again. */
  private inLongTransaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return withRetries(() => this.database.transaction(work, { isLong: true }));
  }

  private partsNaming(name: string): NamingPart[] {
    const { models, rules, triggers, collectors, sources } = this.config;
    const named: Readonly<Record<NamingPart, boolean>> = {
      models: models.some((each) => each.name === name),
      rules: rules.some(({ model }) => model === name),
      triggers: triggers.some(({ model }) => model === name),
      collectors: collectors.some(({ model }) => model === name),
      sources: sources.some(({ model }) => model === name),
    };
    return NAMING_PARTS.filter((part) => named[part]);
  }
}
