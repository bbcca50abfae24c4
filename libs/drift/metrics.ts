import { Gauge, type Registry } from 'prom-client';
import { verdictValue } from './drift-signals.js';
import type { DriftResult } from './drift-result.js';

/** Results older than this are not shown: a monitor that stopped must not report its last score forever. */
const SHOWN_FOR_MS = 3 * 3_600_000;

/** Shows the newest drift scores on Leeway's own /metrics; series are rebuilt on each scrape. */
export class DriftMetrics {
  private readonly latest = new Map<string, { result: DriftResult; at: number }>();

  constructor(
    registry: Registry,
    private readonly now: () => number,
  ) {
    const labels = ['model', 'version', 'monitor', 'column'] as const;
    this.columnGauge(
      registry,
      'leeway_drift_psi_nats',
      'Population stability index of the newest span against its baseline, in nats.',
      labels,
      ({ psi }) => psi,
    );
    this.columnGauge(
      registry,
      'leeway_drift_ks',
      'Kolmogorov-Smirnov distance of the newest span against its baseline, 0 to 1.',
      labels,
      ({ ks }) => ks,
    );
    this.columnGauge(
      registry,
      'leeway_drift_verdict',
      'Verdict of a column: 0 ok, 1 warning, 2 drifted; absent when there is too little data.',
      labels,
      ({ verdict }) => verdictValue(verdict),
    );
    const show = this.shown.bind(this);
    new Gauge({
      name: 'leeway_model_drift_verdict',
      help: 'Verdict of a model: 0 ok, 1 warning, 2 drifted; absent when there is too little data.',
      labelNames: ['model', 'version', 'monitor'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { model, version, monitor, verdict } of show())
          setIfKnown(this, { model, version, monitor: monitor ?? '' }, verdictValue(verdict));
      },
    });
  }

  record(result: DriftResult): void {
    this.latest.set(JSON.stringify([result.model, result.version, result.monitor]), {
      result,
      at: this.now(),
    });
  }

  private shown(): DriftResult[] {
    const since = this.now() - SHOWN_FOR_MS;
    for (const [key, { at }] of this.latest) if (at < since) this.latest.delete(key);
    return [...this.latest.values()].map(({ result }) => result);
  }

  private columnGauge(
    registry: Registry,
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (column: DriftResult['columns'][number]) => number | null,
  ): void {
    const show = this.shown.bind(this);
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        for (const { model, version, monitor, columns } of show()) {
          for (const column of columns)
            setIfKnown(this, { model, version, monitor: monitor ?? '', column: column.column }, read(column));
        }
      },
    });
  }
}

function setIfKnown(gauge: Gauge, labels: Record<string, string>, value: number | null): void {
  if (value !== null) gauge.set(labels, value);
}
