import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NamedColumn } from '#stats';
import { seededRandom } from '../../../apps/demo/seeded-random.js';

export const BASELINE_ROWS = 1_000_000;
export const SMALL_WINDOW_ROWS = 100_000;

/** Numbers with the file from which the peer reads the same ones. */
export interface Sample {
  readonly values: Float64Array;
  readonly path: string;
}

/** The numbers of all comparisons, in a folder that `remove` deletes. */
export interface Samples {
  readonly folder: string;
  readonly baseline: Sample;
  /** As many as the baseline, of the same distribution. */
  readonly same: Sample;
  /** The same, times 1.02 plus 0.01: hardly a change, and the one that `performance.md` measured. */
  readonly changed: Sample;
  readonly smallSame: Sample;
  readonly smallChanged: Sample;
  /** Half a standard deviation higher: what an alert is for. */
  readonly smallDrifted: Sample;
  sampleOf(name: string, values: Float64Array): Sample;
  remove(): void;
}

export function drawSamples(seed: number): Samples {
  const folder = mkdtempSync(join(tmpdir(), 'leeway-bench-'));
  const random = seededRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const sampleOf = (name: string, values: Float64Array): Sample => {
    const path = join(folder, `${name}.f64`);
    writeFileSync(path, values);
    return { values, path };
  };
  const draw = (name: string, count: number, scale = 1, shift = 0): Sample =>
    sampleOf(
      name,
      Float64Array.from({ length: count }, () => normal() * scale + shift),
    );
  return {
    folder,
    baseline: draw('baseline', BASELINE_ROWS),
    same: draw('same', BASELINE_ROWS),
    changed: draw('changed', BASELINE_ROWS, 1.02, 0.01),
    smallSame: draw('small-same', SMALL_WINDOW_ROWS),
    smallChanged: draw('small-changed', SMALL_WINDOW_ROWS, 1.02, 0.01),
    smallDrifted: draw('small-drifted', SMALL_WINDOW_ROWS, 1, 0.5),
    sampleOf,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The values as the only column of a table. */
export function columnOf(values: Float64Array): NamedColumn[] {
  return [{ name: 'x', values: { kind: 'numeric', values, invalidCount: 0 } }];
}
