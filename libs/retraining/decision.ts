import type { Action } from '#diagnosis';
import type { Instant } from '#platform';

/** What a start is judged by. */
export interface StartEvidence {
  readonly action: Action;
  readonly activeRunId: string | null;
  readonly lastRequestedAt: Instant | null;
  readonly capturedRowCount: number;
  readonly now: Instant;
}

export interface Guardrails {
  readonly cooldownMs: number;
  readonly minCapturedRows: number;
}

export type StartDecision =
  { readonly kind: 'start' } | { readonly kind: 'refused'; readonly reason: string };

/**
 * Whether retraining may start. Pure.
 *
 * The diagnosis comes first: retraining on rows that a broken pipeline sent makes the fault permanent. Then one run at
 * a time, the cooldown, and enough rows.
 */
export function decideStart(evidence: StartEvidence, guardrails: Guardrails): StartDecision {
  if (evidence.action !== 'retrain')
    return { kind: 'refused', reason: `the diagnosis is "${evidence.action}": retraining would not help` };
  if (evidence.activeRunId !== null)
    return { kind: 'refused', reason: `run ${evidence.activeRunId} of this trigger is still active` };
  const waitMs =
    evidence.lastRequestedAt === null ? 0 : evidence.lastRequestedAt + guardrails.cooldownMs - evidence.now;
  if (waitMs > 0)
    return { kind: 'refused', reason: `the cooldown lasts another ${Math.ceil(waitMs / 1_000)} s` };
  if (evidence.capturedRowCount < guardrails.minCapturedRows) {
    return {
      kind: 'refused',
      reason: `${evidence.capturedRowCount} captured rows; the trigger asks for ${guardrails.minCapturedRows}`,
    };
  }
  return { kind: 'start' };
}
