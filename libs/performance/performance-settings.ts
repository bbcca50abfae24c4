import { durationMs, windowStart, type Instant } from '#platform';
import type { Model } from '#registry';
import type { JudgementSettings } from './judgement.js';

/** The length of a performance window where the model says nothing: shorter ones have too few labels. */
const USUAL_WINDOW_MS = 3_600_000;

/** The length of a model's performance windows: whole windows, so that each row is in the same one as its captured rows. */
export function performanceWindowMs({ performance, grainMs }: Model): number {
  const wanted = performance.window === undefined ? USUAL_WINDOW_MS : durationMs(performance.window);
  return Math.ceil(wanted / grainMs) * grainMs;
}

/** The start of the performance window that holds a window that starts at `at`. */
export function performanceWindowStart(at: Instant, model: Model): Instant {
  return windowStart(at, performanceWindowMs(model));
}

/** Between the last evaluation of a window and the end of its captured rows: a pass may be late. */
const MARGIN_MS = 3_600_000;

/** When windows of a model are judged: at its deadline, or before their captured rows are dropped, which are kept for `capturedForMs`. */
export function judgementSettings(model: Model, capturedForMs: number): JudgementSettings {
  const { minLabelledRows, minLabelledShare, deadline } = model.performance;
  const keptAfterEndMs = capturedForMs - performanceWindowMs(model) - MARGIN_MS;
  return {
    minLabelledRows,
    minLabelledShare,
    deadlineMs: Math.max(0, Math.min(durationMs(deadline), keptAfterEndMs)),
  };
}
