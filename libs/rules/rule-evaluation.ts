import { createHash } from 'node:crypto';
import { diagnose, gatherEvidence, type Diagnosis, type GatheredEvidence } from '#diagnosis';
import {
  durationMs,
  toRfc3339,
  type Clock,
  type Database,
  type Instant,
  type Logger,
  type Transaction,
} from '#platform';
import { retiredVersions } from '#registry';
import { labelsKey, signalTails, type SignalTail } from '#signals';
import { nextAlertState, type AlertState, type Observation } from './alert-state.js';
import type { AlertRow } from './alerts.js';
import { render, summaryOf, type TemplateContext } from './annotations.js';
import { observe } from './observation.js';
import type { Rule, Rules } from './rules.js';

/** An alert that has just begun to fire, with what is known about it. */
export interface FiredAlert {
  readonly id: string;
  readonly rule: string;
  readonly model: string;
  readonly version: string | null;
  readonly trigger: string;
  readonly summary: string;
  readonly activeAt: Instant;
  readonly firedAt: Instant;
  readonly diagnosis: Diagnosis;
  readonly drift: GatheredEvidence['drift'];
}

/**
 * Decides about retraining for an alert that fired, in the same transaction, and says in words what it decided. Passed
 * in, so that rules do not know what stands behind them.
 */
export type StartRetraining = (tx: Transaction, alert: FiredAlert) => Promise<string>;

/** The transaction-scoped lock of a rule's evaluation: two replicas never evaluate one rule at once. */
export const RULE_LOCK_CLASS = 7_239;

/** Evaluates rules on signals and moves alerts through their states. */
export class RuleEvaluation {
  constructor(
    private readonly database: Database,
    private readonly rules: Rules,
    private readonly startRetraining: StartRetraining,
    private readonly deploymentLookbackMs: number,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Evaluates every rule, each in a transaction of its own: one that fails does not stop the others. */
  async run(onFailure: (rule: Rule, error: unknown) => void): Promise<void> {
    for (const rule of await this.rules.all()) {
      try {
        await this.database.transaction((tx) => this.evaluate(tx, rule));
      } catch (error) {
        onFailure(rule, error);
      }
    }
  }

  private async evaluate(tx: Transaction, rule: Rule): Promise<void> {
    await tx.query('select pg_advisory_xact_lock($1, hashtext($2))', [RULE_LOCK_CLASS, rule.name]);
    const now = this.clock.now();
    const selector = { name: rule.signal, model: rule.model ?? null, matchers: rule.matchers };
    const tails = await signalTails(tx, selector, now - durationMs(rule.staleAfter), rule.breaches.of);
    const open = new Map(
      (
        await tx.query<AlertRow>(`select * from alert where rule = $1 and state in ('pending', 'firing')`, [
          rule.name,
        ])
      ).map((row) => [row.fingerprint, row]),
    );
    const retired = await this.retiredByModel(
      tx,
      new Set([...tails, ...open.values()].map(({ model }) => model)),
    );
    for (const tail of tails) {
      const labels = { ...tail.labels, model: tail.model };
      const fingerprint = fingerprintOf(rule.name, labels);
      const alert = open.get(fingerprint);
      open.delete(fingerprint);
      const isRetired = retired.get(tail.model)?.has(tail.labels['version'] ?? '') ?? false;
      if (isRetired) {
        if (alert !== undefined) await this.supersede(tx, alert, now);
        continue;
      }
      await this.advance(tx, { rule, labels, fingerprint, tail, alert }, observe(tail.samples, rule), now);
    }
    // Alerts whose signal is gone altogether: nothing can be seen, so only a retired version ends them.
    for (const alert of open.values()) {
      if (retired.get(alert.model)?.has(alert.labels['version'] ?? '') ?? false)
        await this.supersede(tx, alert, now);
    }
  }

  private async retiredByModel(
    tx: Transaction,
    models: ReadonlySet<string>,
  ): Promise<Map<string, Set<string>>> {
    const retired = new Map<string, Set<string>>();
    for (const model of models) retired.set(model, await retiredVersions(tx, model));
    return retired;
  }

  private async advance(tx: Transaction, subject: Subject, saw: Observation, now: Instant): Promise<void> {
    const { rule, alert, tail } = subject;
    const before = stateOf(alert);
    // The data's time, so that an evaluation that comes late decides as one in time would have.
    const at = tail.samples[0]?.at ?? now;
    const after = nextAlertState(before, saw, at, {
      forMs: durationMs(rule.for),
      keepFiringForMs: durationMs(rule.keepFiringFor),
    });
    const value = measuredOf(tail)?.value ?? null;
    const id = alert?.id ?? (after.kind === 'inactive' ? null : await insertAlert(tx, subject, value, at));
    if (id === null) return;
    if (after.kind === 'inactive') return this.end(tx, id, before, rule, now);
    await tx.query('update alert set value = coalesce($2, value), clear_since = $3 where id = $1', [
      id,
      value,
      after.kind === 'firing' && after.clearSince !== null ? toRfc3339(after.clearSince) : null,
    ]);
    if (before.kind === after.kind) return;
    if (before.kind === 'inactive')
      await this.recordTransition(tx, id, {
        rule: rule.name,
        from: 'inactive',
        to: 'pending',
        cause: 'breached',
        now,
      });
    if (after.kind === 'firing') await this.fire(tx, id, subject, after.activeAt, value, now);
  }

  private async fire(
    tx: Transaction,
    id: string,
    { rule, labels, tail }: Subject,
    activeAt: Instant,
    value: number | null,
    now: Instant,
  ): Promise<void> {
    const version = labels['version'] ?? null;
    const model = labels['model'] ?? '';
    const evidence = await gatherEvidence(tx, {
      signal: rule.signal,
      model,
      version,
      monitor: labels['monitor'] ?? null,
      activeAt,
      deploymentLookbackMs: this.deploymentLookbackMs,
    });
    const diagnosis = diagnose(evidence);
    const summary = summaryOf(rule, contextOf(labels, value, tail));
    await tx.query(
      `update alert set state = 'firing', fired_at = $2, diagnosis = $3, summary = $4 where id = $1`,
      [id, toRfc3339(now), JSON.stringify(diagnosis), summary],
    );
    await this.recordTransition(tx, id, {
      rule: rule.name,
      from: 'pending',
      to: 'firing',
      cause: 'held-for',
      now,
    });
    if (rule.trigger === undefined) return;
    const retraining = await this.startRetraining(tx, {
      id,
      rule: rule.name,
      model,
      version,
      trigger: rule.trigger,
      summary,
      activeAt,
      firedAt: now,
      diagnosis,
      drift: evidence.drift,
    });
    await tx.query('update alert set retraining = $2 where id = $1', [id, retraining]);
  }

  /** A pending alert that clears was nothing; a firing one is resolved. */
  private async end(
    tx: Transaction,
    id: string,
    before: AlertState,
    rule: Rule,
    now: Instant,
  ): Promise<void> {
    if (before.kind === 'pending') {
      await tx.query('delete from alert where id = $1', [id]);
      return;
    }
    await tx.query(
      `update alert set state = 'resolved', end_reason = 'resolved', ended_at = $2 where id = $1`,
      [id, toRfc3339(now)],
    );
    await this.recordTransition(tx, id, {
      rule: rule.name,
      from: 'firing',
      to: 'resolved',
      cause: 'cleared',
      now,
    });
  }

  private async supersede(tx: Transaction, alert: AlertRow, now: Instant): Promise<void> {
    if (alert.state === 'pending') {
      await tx.query('delete from alert where id = $1', [alert.id]);
      return;
    }
    await tx.query(
      `update alert set state = 'resolved', end_reason = 'superseded', ended_at = $2 where id = $1`,
      [alert.id, toRfc3339(now)],
    );
    await this.recordTransition(tx, alert.id, {
      rule: alert.rule,
      from: 'firing',
      to: 'resolved',
      cause: 'superseded',
      now,
    });
  }

  private async recordTransition(
    tx: Transaction,
    id: string,
    { rule, from, to, cause, now }: { rule: string; from: string; to: string; cause: string; now: Instant },
  ): Promise<void> {
    await tx.query(
      'insert into alert_event (alert_id, at, from_state, to_state, cause) values ($1, $2, $3, $4, $5)',
      [id, toRfc3339(now), from, to, cause],
    );
    this.logger.info({ alert: id, rule, from, to, cause }, 'alert transition');
  }
}

/** One label set of one rule, with what is known of it. */
interface Subject {
  readonly rule: Rule;
  readonly labels: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly tail: SignalTail;
  readonly alert: AlertRow | undefined;
}

async function insertAlert(
  tx: Transaction,
  { rule, labels, fingerprint, tail }: Subject,
  value: number | null,
  activeAt: Instant,
): Promise<string> {
  const context = contextOf(labels, value, tail);
  const [row] = await tx.query<{ id: string }>(
    `insert into alert (rule, model, labels, fingerprint, severity, state, active_at, value, summary, description, runbook_url, channels)
     values ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9, $10, $11) returning id`,
    [
      rule.name,
      labels['model'] ?? '',
      JSON.stringify(labels),
      fingerprint,
      rule.severity,
      toRfc3339(activeAt),
      value,
      summaryOf(rule, context),
      rule.description === undefined ? '' : render(rule.description, context),
      rule.runbookUrl ?? null,
      rule.channels,
    ],
  );
  if (row === undefined) throw new Error('the statement returned no row');
  return row.id;
}

/** The newest sample that could be measured. */
function measuredOf(tail: SignalTail): SignalTail['samples'][number] | undefined {
  return tail.samples.find(({ value }) => value !== null);
}

function contextOf(labels: Subject['labels'], value: number | null, tail: SignalTail): TemplateContext {
  return { labels, value, isAtLeast: measuredOf(tail)?.isAtLeast ?? false };
}

function stateOf(alert: AlertRow | undefined): AlertState {
  if (alert === undefined || alert.state === 'resolved') return { kind: 'inactive' };
  const activeAt = alert.active_at.getTime();
  return alert.state === 'pending'
    ? { kind: 'pending', activeAt }
    : { kind: 'firing', activeAt, clearSince: alert.clear_since?.getTime() ?? null };
}

/** The identity of an alert: its rule and its label set. */
function fingerprintOf(rule: string, labels: Readonly<Record<string, string>>): string {
  return createHash('sha256')
    .update(`${rule}/${labelsKey(labels)}`)
    .digest('hex')
    .slice(0, 16);
}
