import type { DriftEvaluation, WindowSignals } from '#drift';
import type { Compaction, FirstBaselines, KeyRotation, Pairing, Rebuilding, Rollups } from '#ingest';
import type { Outbox } from '#notify';
import type { PerformanceEvaluation } from '#performance';
import type { Clock, Logger } from '#platform';
import type { RetrainingRuns } from '#retraining';
import type { NotificationGroups, RuleEvaluation } from '#rules';
import type { EvaluationMetrics, Stage } from './evaluation-metrics.js';
import type { Retention } from './retention.js';

export interface PassRooms {
  readonly keyRotation: KeyRotation;
  readonly compaction: Compaction;
  readonly pairing: Pairing;
  readonly rollups: Rollups;
  readonly firstBaselines: FirstBaselines;
  readonly rebuilding: Rebuilding;
  readonly windowSignals: WindowSignals;
  readonly drift: DriftEvaluation;
  readonly performance: PerformanceEvaluation;
  readonly ruleEvaluation: RuleEvaluation;
  readonly groups: NotificationGroups;
  readonly outbox: Outbox;
  readonly runs: RetrainingRuns;
  readonly retention: Retention;
}

/**
 * One look at everything, in the order in which data flows: windows, drift, rules, messages. A stage that fails is
 * counted and logged, and does not stop the next one.
 */
export class EvaluationPass {
  constructor(
    private readonly rooms: PassRooms,
    private readonly metrics: EvaluationMetrics,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async run(): Promise<void> {
    const endTimer = this.metrics.duration.startTimer();
    let failureCount = 0;
    const failed = (stage: Stage, error: unknown, about: object = {}): void => {
      failureCount += 1;
      this.metrics.failures.inc({ stage });
      this.logger.error({ err: error, stage, ...about }, 'evaluation stage failed');
    };
    const stage = (name: Stage, run: () => Promise<void>): Promise<void> =>
      run().catch((error: unknown) => failed(name, error));
    const {
      keyRotation,
      compaction,
      pairing,
      rollups,
      firstBaselines,
      rebuilding,
      windowSignals,
      drift,
      performance,
      ruleEvaluation,
      groups,
      outbox,
      runs,
      retention,
    } = this.rooms;
    await stage('payload-keys', () => keyRotation.run());
    await stage('compaction', () => compaction.run());
    await stage('pairing', () => pairing.run());
    await stage('roll-ups', () => rollups.run());
    await stage('first-baselines', () =>
      firstBaselines.run((model, error) => failed('first-baselines', error, { model })),
    );
    await stage('rebuilding', () => rebuilding.run());
    await stage('ingest-signals', () =>
      windowSignals.write((model, error) => failed('ingest-signals', error, { model })),
    );
    await stage('drift', () => drift.markOutdated());
    await stage('drift', () =>
      drift.runDue((monitor, error) =>
        failed('drift', error, { model: monitor.model, monitor: monitor.name }),
      ),
    );
    await stage('performance', () =>
      performance.runDue(({ versionId, start }, error) => failed('performance', error, { versionId, start })),
    );
    await stage('rules', () =>
      ruleEvaluation.run((rule, error) => failed('rules', error, { rule: rule.name })),
    );
    await stage('notifications', () => groups.run());
    outbox.wake();
    await stage('retraining', () => runs.timeOutOverdue());
    await stage('retention', () => retention.runIfDue());
    endTimer();
    if (failureCount === 0) this.metrics.lastSuccess.set(this.clock.now() / 1_000);
  }
}
