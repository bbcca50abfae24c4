// In a test's context every look-up of a global is slow; these are called tens of millions of times.
const { cos, floor, imul, log, PI, sqrt } = Math;

/** Numbers drawn from a seed (mulberry32), so that a simulation gives the same every time. */
export interface Draws {
  /** In [0, 1). */
  uniform(): number;
  /** Standard normal, by Box and Muller. */
  normal(): number;
  /** Whole, 0 to `below` − 1. */
  integer(below: number): number;
}

export function seededDraws(seed: number): Draws {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = imul(state ^ (state >>> 15), 1 | state);
    t = (t + imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    uniform,
    normal: () => sqrt(-2 * log(1 - uniform())) * cos(2 * PI * uniform()),
    integer: (below) => floor(uniform() * below),
  };
}

/** `count` numbers of one kind. */
export function sampleOf(count: number, draw: () => number): Float64Array {
  const sample = new Float64Array(count);
  for (let i = 0; i < count; i++) sample[i] = draw();
  return sample;
}

/** How often each of 0 … `cells` − 1 is drawn. */
export function countsOf(count: number, cells: number, draw: () => number): Float64Array {
  const counts = new Float64Array(cells);
  for (let i = 0; i < count; i++) counts[draw()]!++;
  return counts;
}
