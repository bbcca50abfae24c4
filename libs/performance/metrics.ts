import { Counter, type Registry } from 'prom-client';
import type { GroundTruthReceipt } from '#ground-truth';
import { PERFORMANCE_STATUSES, type PerformanceStatus } from './judgement.js';

const OUTCOMES = ['stored', 'unchanged', 'not-captured', 'rejected'] as const;

/** What Leeway's own /metrics say of ground truth and performance. */
export class PerformanceMetrics {
  private readonly groundTruthRows: Counter<'outcome'>;
  private readonly results: Counter<'status'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.groundTruthRows = new Counter({
      name: 'leeway_performance_ground_truth_rows_total',
      help: 'Rows of ground truth that arrived, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.results = new Counter({
      name: 'leeway_performance_results_total',
      help: 'Evaluations of the performance of one window and segment, by what they found.',
      labelNames: ['status'],
      registers,
    });
    for (const outcome of OUTCOMES) this.groundTruthRows.inc({ outcome }, 0);
    for (const status of PERFORMANCE_STATUSES) this.results.inc({ status }, 0);
  }

  countGroundTruth(
    counts: Pick<GroundTruthReceipt, 'storedCount' | 'unchangedCount' | 'notCapturedCount' | 'rejectedCount'>,
  ): void {
    this.groundTruthRows.inc({ outcome: 'stored' }, counts.storedCount);
    this.groundTruthRows.inc({ outcome: 'unchanged' }, counts.unchangedCount);
    this.groundTruthRows.inc({ outcome: 'not-captured' }, counts.notCapturedCount);
    this.groundTruthRows.inc({ outcome: 'rejected' }, counts.rejectedCount);
  }

  countResult(status: PerformanceStatus): void {
    this.results.inc({ status });
  }
}
