import type { Instant } from '#platform';
import type { ServingCounts } from './lines/counted-lines.js';

/** The counts of one step, which starts at `at`. */
export interface ServingStep {
  readonly at: Instant;
  readonly counts: ServingCounts;
}

/** Whole steps of `stepMs` that start in [from, to), aligned to the UTC clock. */
export interface StepRange {
  readonly from: Instant;
  readonly to: Instant;
  readonly stepMs: number;
}

/** The steps of each version that has any, oldest first; a step that was not measured is left out, never 0. */
export type StepsByVersion = ReadonlyMap<string, readonly ServingStep[]>;

/** Where each whole step of a range starts. */
export function stepStarts({ from, to, stepMs }: StepRange): Instant[] {
  const first = Math.ceil(from / stepMs) * stepMs;
  const count = Math.max(0, Math.floor((to - first) / stepMs));
  return Array.from({ length: count }, (_, index) => first + index * stepMs);
}

/** Steps collected in any order, by version. */
export class StepCollector {
  private readonly steps = new Map<string, ServingStep[]>();

  add(version: string, step: ServingStep): void {
    const steps = this.steps.get(version);
    if (steps === undefined) this.steps.set(version, [step]);
    else steps.push(step);
  }

  /** Of the versions that are asked for. */
  of(versions: readonly string[]): Map<string, readonly ServingStep[]> {
    const found = versions.flatMap((version) => {
      const steps = this.steps.get(version);
      return steps === undefined ? [] : [[version, steps.toSorted((a, b) => a.at - b.at)] as const];
    });
    return new Map(found);
  }
}
