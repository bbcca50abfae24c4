import type { Instant } from '#platform';

/** What one evaluation saw. `missing` is a signal that could not be measured or is stale. */
export type Observation = 'breached' | 'clear' | 'missing';

/**
 * Where an alert is.
 *
 * | from     | breached                     | clear                                   | missing |
 * |----------|------------------------------|-----------------------------------------|---------|
 * | inactive | pending, firing if `for` is 0 | inactive                                | inactive |
 * | pending  | firing after `for`           | inactive                                | pending |
 * | firing   | firing                       | inactive after `keepFiringFor`          | firing  |
 */
export type AlertState =
  | { readonly kind: 'inactive' }
  | { readonly kind: 'pending'; readonly activeAt: Instant }
  | { readonly kind: 'firing'; readonly activeAt: Instant; readonly clearSince: Instant | null };

export interface AlertTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
}

/** The state after one evaluation. Pure: no clock, no storage, no sending. */
export function nextAlertState(
  state: AlertState,
  saw: Observation,
  at: Instant,
  timing: AlertTiming,
): AlertState {
  // What nobody could measure is no evidence of recovery.
  if (saw === 'missing') return state;
  return saw === 'breached' ? onBreach(state, at, timing) : onClear(state, at, timing);
}

function onBreach(state: AlertState, at: Instant, { forMs }: AlertTiming): AlertState {
  if (state.kind === 'firing') return { ...state, clearSince: null };
  const activeAt = state.kind === 'pending' ? state.activeAt : at;
  return at - activeAt >= forMs
    ? { kind: 'firing', activeAt, clearSince: null }
    : { kind: 'pending', activeAt };
}

function onClear(state: AlertState, at: Instant, { keepFiringForMs }: AlertTiming): AlertState {
  if (state.kind !== 'firing') return { kind: 'inactive' };
  const clearSince = state.clearSince ?? at;
  return at - clearSince >= keepFiringForMs ? { kind: 'inactive' } : { ...state, clearSince };
}
