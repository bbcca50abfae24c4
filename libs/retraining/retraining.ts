import { randomUUID } from 'node:crypto';
import type { Diagnosis } from '#diagnosis';
import { countCapturedRows } from '#ingest';
import type { DeliveryOutcome, Deliverer, Outbox, OutboxEntry } from '#notify';
import { durationMs, toRfc3339, type Clock, type Instant, type Transaction } from '#platform';
import { decideStart, type StartDecision } from './decision.js';
import { moveRun, toRun, type RetrainingRun, type RunRow } from './runs.js';
import type { TriggerSpec } from './schemas.js';

/** An alert that asks for retraining, as far as this room looks at it. */
export interface RetrainingRequest {
  readonly id: string;
  readonly rule: string;
  readonly model: string;
  readonly version: string | null;
  readonly trigger: string;
  readonly summary: string;
  readonly activeAt: Instant;
  readonly firedAt: Instant;
  readonly diagnosis: Diagnosis;
  readonly drift: {
    readonly id: string;
    readonly version: string;
    readonly monitor: string | null;
    readonly verdict: string;
    readonly from: string;
    readonly to: string;
    readonly columns: readonly {
      readonly column: string;
      readonly psi: number | null;
      readonly ks: number | null;
      readonly verdict: string;
    }[];
  } | null;
}

/** Sends a signed webhook; the transport is the notify room's. */
export type SendWebhook = (
  target: TriggerSpec,
  id: string,
  body: object,
  signal: AbortSignal,
) => Promise<DeliveryOutcome>;

/** Starts retraining when it should, once, and follows the webhook to its receiver. */
export class Retraining implements Deliverer {
  private readonly triggers: ReadonlyMap<string, TriggerSpec>;

  constructor(
    triggers: readonly TriggerSpec[],
    private readonly outbox: Outbox,
    private readonly sendWebhook: SendWebhook,
    private readonly publicUrl: () => string,
    private readonly clock: Clock,
  ) {
    this.triggers = new Map(triggers.map((trigger) => [trigger.name, trigger]));
  }

  /** Decides about one alert, in the transaction in which it fired. A refused start is recorded with its reason. */
  async start(tx: Transaction, alert: RetrainingRequest): Promise<string> {
    const trigger = this.triggers.get(alert.trigger);
    if (trigger === undefined)
      return `refused: the trigger ${JSON.stringify(alert.trigger)} is no longer configured`;
    const now = this.clock.now();
    const decision = await this.decide(tx, trigger, alert, now);
    const run = await insertRun(tx, trigger, alert, decision, now);
    if (decision.kind === 'refused') return `refused: ${decision.reason}`;
    await this.outbox.add(tx, {
      kind: 'retraining',
      channel: trigger.name,
      model: alert.model,
      body: { runId: run.id, webhookId: run.webhookId, message: this.messageOf(run, trigger, alert, now) },
    });
    return `requested (run ${run.id})`;
  }

  async deliver(entry: OutboxEntry, signal: AbortSignal): Promise<DeliveryOutcome> {
    const { webhookId, message } = entry.body as RetrainingEntry;
    const trigger = this.triggers.get(entry.channel);
    if (trigger === undefined) {
      return {
        kind: 'failed',
        failure: 'other',
        isRetryable: false,
        retryAfterSeconds: null,
        detail: `the trigger ${JSON.stringify(entry.channel)} is no longer configured`,
      };
    }
    return this.sendWebhook(trigger, webhookId, message, signal);
  }

  async settled(tx: Transaction, entry: OutboxEntry, outcome: DeliveryOutcome): Promise<void> {
    const { runId } = entry.body as RetrainingEntry;
    const [row] = await tx.query<RunRow>('select * from retraining_run where id = $1', [runId]);
    // The consumer may have reported before its answer was recorded here; then the run is further along already.
    if (row?.status !== 'requested') return;
    const move =
      outcome.kind === 'delivered'
        ? ({ status: 'submitted', reason: 'the receiver accepted the webhook' } as const)
        : ({ status: 'failed', reason: `the webhook was not accepted: ${outcome.detail}` } as const);
    await moveRun(tx, runId, move, this.clock.now());
  }

  private async decide(
    tx: Transaction,
    trigger: TriggerSpec,
    alert: RetrainingRequest,
    now: Instant,
  ): Promise<StartDecision> {
    const [active] = await tx.query<{ id: string }>(
      `select id from retraining_run where trigger_name = $1 and status in ('requested', 'submitted', 'running')`,
      [trigger.name],
    );
    const [last] = await tx.query<{ at: Date | null }>(
      `select max(created_at) as at from retraining_run where trigger_name = $1 and status <> 'refused'`,
      [trigger.name],
    );
    const version = alert.version ?? alert.drift?.version ?? '';
    return decideStart(
      {
        action: alert.diagnosis.action,
        activeRunId: active?.id ?? null,
        lastRequestedAt: last?.at?.getTime() ?? null,
        capturedRowCount: await countCapturedRows(tx, alert.model, version, rowsFrom(alert)),
        now,
      },
      { cooldownMs: durationMs(trigger.cooldown), minCapturedRows: trigger.minCapturedRows },
    );
  }

  private messageOf(
    run: RetrainingRun,
    trigger: TriggerSpec,
    alert: RetrainingRequest,
    now: Instant,
  ): object {
    const from = toRfc3339(rowsFrom(alert));
    const rowsUrl = `${this.publicUrl()}/api/v1/models/${run.model}/versions/${run.version}/captured-rows?from=${encodeURIComponent(from)}`;
    return {
      type: 'retraining.requested',
      timestamp: toRfc3339(now),
      data: {
        runId: run.id,
        trigger: trigger.name,
        model: run.model,
        version: run.version,
        reason: run.reason,
        alert: { id: alert.id, rule: alert.rule, summary: alert.summary, firedAt: toRfc3339(alert.firedAt) },
        diagnosis: alert.diagnosis,
        drift: alert.drift && {
          monitor: alert.drift.monitor,
          verdict: alert.drift.verdict,
          columns: alert.drift.columns.map(({ column, psi, ks, verdict }) => ({ column, psi, ks, verdict })),
        },
        capturedRows: { from, to: null, url: rowsUrl },
        runUrl: `${this.publicUrl()}/api/v1/retraining-runs/${run.id}`,
        parameters: trigger.parameters,
      },
    };
  }
}

interface RetrainingEntry {
  readonly runId: string;
  readonly webhookId: string;
  readonly message: object;
}

/** The rows to retrain on begin with the span that drifted. */
function rowsFrom(alert: RetrainingRequest): Instant {
  return alert.drift === null ? alert.activeAt : Math.min(Date.parse(alert.drift.from), alert.activeAt);
}

async function insertRun(
  tx: Transaction,
  trigger: TriggerSpec,
  alert: RetrainingRequest,
  decision: StartDecision,
  now: Instant,
): Promise<RetrainingRun> {
  const at = toRfc3339(now);
  const status = decision.kind === 'start' ? 'requested' : 'refused';
  const reason = decision.kind === 'start' ? alert.diagnosis.summary : decision.reason;
  const evidence = {
    alert: { id: alert.id, rule: alert.rule, summary: alert.summary },
    diagnosis: alert.diagnosis,
    driftResultId: alert.drift?.id ?? null,
    columns: alert.drift?.columns.map(({ column, psi, ks, verdict }) => ({ column, psi, ks, verdict })) ?? [],
  };
  const [row] = await tx.query<RunRow>(
    `insert into retraining_run (trigger_name, model, version, alert_id, status, reason, webhook_id, evidence, history, created_at, updated_at, deadline_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11) returning *`,
    [
      trigger.name,
      alert.model,
      alert.version ?? alert.drift?.version ?? '',
      alert.id,
      status,
      reason,
      `msg_${randomUUID()}`,
      JSON.stringify(evidence),
      JSON.stringify([{ status, at, reason }]),
      at,
      toRfc3339(now + durationMs(trigger.timeout)),
    ],
  );
  if (row === undefined) throw new Error('the statement returned no row');
  return toRun(row);
}
