import { wilsonInterval } from '#stats';
import type { LatencyStep } from './latency-cells.js';
import { type Interpolation, quantileOf } from './quantile-of-shares.js';
import { StandardizedShares } from './standardized-shares.js';

/** The latencies of both versions over the same time: the share of calls above each edge, the stable one's standardised. */
export class LatencyShares {
  private readonly shares: StandardizedShares;
  /** Calls of both versions in each cell. */
  private readonly pooled: Float64Array;

  constructor(readonly edges: readonly number[]) {
    this.shares = new StandardizedShares(edges.length);
    this.pooled = new Float64Array(edges.length + 1);
  }

  add({ stable, canary }: LatencyStep): void {
    const [first, second] = [aboveEdges(stable), aboveEdges(canary)];
    this.shares.add(first.above, first.all, second.above, second.all);
    this.pooled.forEach((count, k) => (this.pooled[k] = count + (stable[k] ?? 0) + (canary[k] ?? 0)));
  }

  get stableSize(): number {
    return this.shares.firstSize;
  }

  get canarySize(): number {
    return this.shares.secondSize;
  }

  stableAbove(edge: number): number {
    return this.shares.first(edge);
  }

  canaryAbove(edge: number): number {
    return this.shares.second(edge);
  }

  /** The first edge that at most a share of 1 − q of all calls of both versions lies above; edges.length when none is. */
  pooledEdge(q: number): number {
    const allowed = (1 - q) * this.pooled.reduce((sum, count) => sum + count, 0);
    let above = 0;
    for (let k = this.pooled.length - 1; k > 0; k--) {
      above += this.pooled[k] ?? 0;
      if (above > allowed) return k;
    }
    return 0;
  }

  /** The share of pairs of calls, of both versions together, that fall into one cell, 0 to 1. */
  get tiedShare(): number {
    const total = this.pooled.reduce((sum, count) => sum + count, 0);
    return this.pooled.reduce((sum, count) => sum + (count / total) ** 2, 0);
  }

  stableQuantile(q: number, interpolation?: Interpolation): number {
    return quantileOf(this.edges, (j) => this.stableAbove(j), q, interpolation);
  }

  canaryQuantile(q: number, interpolation?: Interpolation): number {
    return quantileOf(this.edges, (j) => this.canaryAbove(j), q, interpolation);
  }

  /** How many times the stable quantile the canary's is, by the interpolation that finds more: the truth often lies between them. */
  quantileRatio(q: number): number {
    const ratios = (['power', 'linear'] as const).map((interpolation) => {
      const stable = this.stableQuantile(q, interpolation);
      return stable < Infinity ? this.canaryQuantile(q, interpolation) / stable : 1;
    });
    return Math.max(...ratios);
  }

  /** Bounds of a quantile from those of the shares; the upper one is an edge, the lower one lies at or above an edge. */
  stableBounds(q: number, confidence: number): readonly [number, number] {
    return this.bounds(q, (j) =>
      wilsonInterval(this.stableAbove(j) * this.stableSize, this.stableSize, confidence),
    );
  }

  canaryBounds(q: number, confidence: number): readonly [number, number] {
    return this.bounds(q, (j) =>
      wilsonInterval(this.canaryAbove(j) * this.canarySize, this.canarySize, confidence),
    );
  }

  private bounds(
    q: number,
    intervalAt: (edge: number) => readonly [number, number],
  ): readonly [number, number] {
    const lower = quantileOf(this.edges, (j) => intervalAt(j)[0], q, 'lower-edge');
    const upper = this.edges.find((_, j) => intervalAt(j)[1] < 1 - q) ?? Infinity;
    return [Math.min(lower, upper), upper];
  }
}

function aboveEdges(cells: Float64Array): { readonly above: Float64Array; readonly all: number } {
  const above = new Float64Array(Math.max(0, cells.length - 1));
  let sum = 0;
  for (let k = cells.length - 1; k > 0; k--) {
    sum += cells[k] ?? 0;
    above[k - 1] = sum;
  }
  return { above, all: sum + (cells[0] ?? 0) };
}
