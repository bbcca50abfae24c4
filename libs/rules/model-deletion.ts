import { deleteRows, type Instant, type Transaction } from '#platform';
import { GROUP_LOCK } from './notification-groups.js';
import { RULE_LOCK_CLASS } from './rule-evaluation.js';
import { endAlertsOfRule } from './rules.js';

/**
 * Waits until no rule is evaluated and no message is decided, and keeps it so until the transaction ends. Whoever comes next sees
 * what was deleted; an evaluation that had read the signals of a model before could open an alert that nothing ever ends.
 */
export async function lockAlerting(tx: Transaction): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1, hashtext(name)) from rule order by name', [
    RULE_LOCK_CLASS,
  ]);
  await tx.query('select pg_advisory_xact_lock($1)', [GROUP_LOCK]);
}

/** Deletes the alerts about a model with their histories, and what channels were told of them. Nobody hears that they end. */
export async function deleteAlertsOf(tx: Transaction, model: string): Promise<number> {
  await tx.query('delete from notification_group where model = $1', [model]);
  return deleteRows(tx, 'delete from alert where model = $1', [model]);
}

/** Deletes the rules that watch this model alone. Alerts about others, from when such a rule watched them too, end as superseded. */
export async function deleteRulesOf(tx: Transaction, model: string, now: Instant): Promise<number> {
  const rules = await tx.query<{ name: string }>(
    `delete from rule where spec ->> 'model' = $1 returning name`,
    [model],
  );
  for (const { name } of rules) await endAlertsOfRule(tx, name, now);
  return rules.length;
}
