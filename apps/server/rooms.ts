import {
  CollectorRunner,
  createMetricsSource,
  PrometheusHistory,
  ServingCountsReader,
  StoredCounts,
} from '#collectors';
import { DriftAnswers, DriftEvaluation, DriftResults, Monitors, WindowSignals } from '#drift';
import { readDatabaseState, SignalMetrics, type StateRooms } from '#exposition';
import { GroundTruth } from '#ground-truth';
import {
  CapturedBaselines,
  CapturedExamples,
  CapturedExport,
  CapturedRows,
  Compaction,
  DeadLetters,
  DEFAULT_INGEST_LIMITS,
  FirstBaselines,
  GroupCommitter,
  HeldBytes,
  Ingest,
  KeyRotation,
  KafkaSource,
  MAX_HELD_BYTES,
  Pairing,
  ParquetIngest,
  PayloadDecoder,
  Rebuilding,
  Rollups,
  StoredOffsets,
  VersionContexts,
  Windows,
} from '#ingest';
import { AlertNotifications, createNotifier, Outbox, sendSignedWebhook } from '#notify';
import {
  DueWindows,
  fitInThread,
  GroundTruthIntake,
  PerformanceEvaluation,
  PerformanceResults,
  WindowDiscovery,
  WindowEvaluation,
} from '#performance';
import {
  ApiKeys,
  Database,
  durationMs,
  Jobs,
  secretResolver,
  type Clock,
  type Environment,
  type Logger,
} from '#platform';
import { Baselines, BaselineUploads, Deployments, Models, VersionSightings } from '#registry';
import { Retraining, RetrainingRuns } from '#retraining';
import { Alerts, NotificationGroups, RuleEvaluation, Rules } from '#rules';
import { Signals, type HistorySource } from '#signals';
import { MIGRATIONS } from '../../migrations/index.js';
import type { LeewayConfig } from './config.js';
import { EvaluationPass } from './evaluation-pass.js';
import { createMetrics } from './metrics.js';
import { ModelDeletion } from './model-deletion.js';
import { Retention } from './retention.js';

export interface RoomsOptions {
  readonly environment: Environment;
  readonly config: LeewayConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Every room of Leeway, connected. The composition root: nothing else knows more than one door. */
export type Rooms = Awaited<ReturnType<typeof openRooms>>;

/** Opens the database and connects the rooms. Nothing runs yet: `Worker` and the HTTP server start what their roles need. */
export async function openRooms({ environment, config, env, clock, logger }: RoomsOptions) {
  const metrics = createMetrics();
  const resolveSecret = secretResolver(env);
  // Links need the port, which is only known once the server listens.
  const address = { publicUrl: environment.publicUrl ?? `http://${environment.host}:${environment.port}` };
  const publicUrl = (): string => address.publicUrl;

  const database = await Database.open({
    databaseUrl: environment.databaseUrl,
    dataDir: environment.dataDir,
    entities: [],
    migrations: MIGRATIONS,
  });
  const jobs = new Jobs(database, logger);
  const apiKeys = new ApiKeys(database, clock);

  const models = new Models(database);
  const baselines = new Baselines(database, models, clock, fitInThread);
  const baselineUploads = new BaselineUploads(database, models);
  const deployments = new Deployments(database, models, clock);
  const versionSightings = new VersionSightings(database, models, clock, (model, version) =>
    logger.warn({ model, version }, 'signals name a version that is not registered'),
  );

  // A row finds its window for as long as that is kept, and is refused from then on.
  const limits = {
    ...DEFAULT_INGEST_LIMITS,
    maxAgeMs: durationMs(config.retention.windows),
    maxCapturedAgeMs: durationMs(config.retention.capturedRows),
  };
  const heldBytes = new HeldBytes(MAX_HELD_BYTES);
  metrics.ingest.watchHeldBytes(heldBytes);
  const committer = new GroupCommitter(database, metrics.ingest, clock);
  const contexts = new VersionContexts(models, baselines, clock);
  const decoder = new PayloadDecoder(clock, limits);
  const ingest = new Ingest(contexts, decoder, committer, heldBytes, metrics.ingest);
  const parquetIngest = new ParquetIngest(ingest);
  const lateness = config.evaluation.lateness === undefined ? null : durationMs(config.evaluation.lateness);
  const windows = new Windows(database, models, baselines, clock);
  const groundTruth = new GroundTruth(database);
  const capturedRows = new CapturedRows(database, models, groundTruth);
  const capturedExport = new CapturedExport(models, capturedRows, groundTruth);
  const capturedExamples = new CapturedExamples(database, models, baselines, windows);
  const capturedBaselines = new CapturedBaselines(database, models, baselines, capturedRows);
  const firstBaselines = new FirstBaselines(database, models, capturedBaselines, windows, lateness);
  const compaction = new Compaction(database, baselines, clock, lateness);

  const rollups = new Rollups(database, baselines, clock);
  const rebuilding = new Rebuilding(database, contexts, windows, clock, lateness);

  const signals = new Signals(database, (refusal) => logger.warn(refusal, 'new signals were refused'));
  // One page of it is enough: the worker's.
  if (environment.roles.has('worker')) new SignalMetrics(metrics.registry, signals, clock);
  const deadLetters = new DeadLetters(database);
  const sourceDeps = { database, ingest, signals, metrics: metrics.kafka, resolveSecret, clock, logger };
  const sources = config.sources.map((spec) => new KafkaSource(spec, sourceDeps));

  const monitors = new Monitors(database, models);
  const drift = new DriftEvaluation(
    models,
    windows,
    monitors,
    new DriftAnswers(baselines, windows, clock),
    new DriftResults(database, signals),
    clock,
    lateness,
  );

  const dueWindows = new DueWindows(database, clock);
  const groundTruthIntake = new GroundTruthIntake(
    { database, models, groundTruth, dueWindows, metrics: metrics.performance },
    clock,
  );
  const performance = new PerformanceEvaluation(
    {
      database,
      models,
      baselines,
      contexts,
      discovery: new WindowDiscovery({ database, models, windows, dueWindows }, clock, lateness),
      dueWindows,
      evaluation: new WindowEvaluation(capturedRows, groundTruth),
      results: new PerformanceResults(database, signals, dueWindows),
      metrics: metrics.performance,
    },
    clock,
    { lateness, capturedForMs: limits.maxCapturedAgeMs },
  );

  const outbox = new Outbox(database, jobs, clock, logger, metrics.outbox);
  const outbound = { metrics: metrics.outbound, now: () => clock.now() };
  const notifiers = new Map(
    config.channels.map((channel) => [channel.name, createNotifier(channel, resolveSecret, outbound)]),
  );
  outbox.register('notification', new AlertNotifications(notifiers));

  const runs = new RetrainingRuns(database, clock);
  const retraining = new Retraining(
    config.triggers,
    outbox,
    (trigger, id, body, signal) =>
      sendSignedWebhook(
        {
          target: `trigger:${trigger.name}`,
          url: trigger.url,
          secret: resolveSecret(trigger.secret),
          id,
          at: clock.now(),
          body,
        },
        outbound,
        signal,
      ),
    publicUrl,
    clock,
  );
  outbox.register('retraining', retraining);

  const rules = new Rules(
    database,
    { channels: new Set(notifiers.keys()), triggers: new Set(config.triggers.map(({ name }) => name)) },
    clock,
  );
  const alerts = new Alerts(database);
  const ruleEvaluation = new RuleEvaluation(
    database,
    rules,
    (tx, alert) => retraining.start(tx, alert),
    durationMs(config.diagnosis.deploymentLookback),
    clock,
    logger,
  );
  const groups = new NotificationGroups(database, outbox, config.channels, publicUrl, clock);

  const runningCollectors = config.collectors.map((spec) => ({
    source: createMetricsSource(spec, { ...outbound, collectorMetrics: metrics.collectors, resolveSecret }),
    model: spec.model,
    version: spec.version ?? null,
    intervalMs: durationMs(spec.interval),
  }));
  const storedCounts = new StoredCounts(database);
  const collectors = new CollectorRunner(runningCollectors, {
    ...{ database, signals, counts: storedCounts, sightings: versionSightings, clock, logger },
  });
  // Sources that know more of the past than Leeway keeps, by the name that they write under.
  const historySources = new Map<string, HistorySource>();
  for (const { source, model, version } of runningCollectors) {
    if (source.past === undefined) continue;
    const history = new PrometheusHistory(source.past, { name: source.name, model, version });
    historySources.set(`collector:${source.name}`, history);
  }
  const servingCounts = new ServingCountsReader(runningCollectors, storedCounts);

  const modelDeletion = new ModelDeletion(database, { outbox, runs }, config, clock, logger);
  const retention = new Retention(
    config.retention,
    {
      baselineUploads,
      capturedRows,
      deadLetters,
      drift,
      groundTruth,
      modelDeletion,
      outbox,
      performance,
      rebuilding,
      rollups,
      signals,
      storedCounts,
      windows,
    },
    clock,
  );
  const pass = new EvaluationPass(
    {
      keyRotation: new KeyRotation(database),
      compaction,
      pairing: new Pairing(database, metrics.ingest),
      rollups,
      firstBaselines,
      rebuilding,
      windowSignals: new WindowSignals(database, models, windows, signals, lateness),
      drift,
      performance,
      ruleEvaluation,
      groups,
      outbox,
      runs,
      retention,
    },
    metrics.evaluation,
    clock,
    logger,
  );
  const stateRooms: StateRooms = {
    database,
    alerts,
    runs,
    queueDepths: () => jobs.depths(),
    receivers: [...config.channels, ...config.triggers].map(({ name }) => name),
  };
  metrics.exposition.watch(() => readDatabaseState(stateRooms, clock), logger);
  metrics.outbox.declare(stateRooms.receivers);
  return {
    alerts,
    address,
    apiKeys,
    baselines,
    baselineUploads,
    capturedBaselines,
    capturedExamples,
    capturedExport,
    capturedRows,
    clock,
    collectors,
    committer,
    database,
    deadLetters,
    deployments,
    drift,
    groundTruthIntake,
    firstBaselines,
    heldBytes,
    historySources,
    metrics,
    ingest,
    jobs,
    modelDeletion,
    models,
    monitors,
    outbound,
    outbox,
    parquetIngest,
    pass,
    performance,
    retraining,
    rules,
    runs,
    servingCounts,
    signals,
    sourceOffsets: new StoredOffsets(database),
    sources,
    storedCounts,
    versionSightings,
    windows,
  };
}
