import type { Registry } from 'prom-client';
import type { Clock, Instant } from '#platform';
import type { NewestSignal, Signals } from '#signals';
import { StateGauge, type Series } from './state-gauge.js';

/** Series on one page: what Prometheus takes in one go without trouble. The rest is counted, not shown. */
const MAX_SHOWN = 20_000;
/** Two scrapers, or one that is impatient, cost the database one question. */
const KEPT_MS = 5_000;

const NAME = 'leeway_signal';

/**
 * Shows the newest value of every signal on Leeway's own /metrics: drift, data quality, performance and what collectors read, with the
 * labels of the signal, its name as `signal`. Values are read from the database at the scrape, so every replica shows the same and a series
 * goes with its model. A signal that could not be measured, or is stale, has no series. While the database is away there are none.
 */
export class SignalMetrics {
  private newest: { readonly at: Instant; readonly signals: Promise<readonly NewestSignal[]> } | null = null;

  constructor(
    registry: Registry,
    private readonly signals: Pick<Signals, 'newest'>,
    private readonly clock: Clock,
  ) {
    new StateGauge({
      name: NAME,
      help: 'The newest value of a signal, in its unit (GET /api/v1/signals).',
      registry,
      read: () => this.values(),
    });
    new StateGauge({
      name: `${NAME}s_not_shown`,
      help: `Signals beyond the first ${MAX_SHOWN}, which have no series here.`,
      registry,
      read: async () => [{ value: Math.max(0, (await this.read()).length - MAX_SHOWN), labels: {} }],
    });
  }

  private async values(): Promise<Series[]> {
    return (await this.read()).slice(0, MAX_SHOWN).map(({ name, model, labels, value }) => ({
      value,
      labels: { ...withPlainNames(labels), model, signal: name },
    }));
  }

  private read(): Promise<readonly NewestSignal[]> {
    const now = this.clock.now();
    if (this.newest !== null && Math.abs(now - this.newest.at) < KEPT_MS) return this.newest.signals;
    // A page without signals says more than no page: the other metrics tell what is wrong with the database.
    const signals = this.signals.newest(now, 2 * MAX_SHOWN).catch((): NewestSignal[] => []);
    this.newest = { at: now, signals };
    return signals;
  }
}

/** Prometheus 3 allows any text as the name of a label, which this format does not; one such name would spoil the whole page. */
function withPlainNames(labels: Readonly<Record<string, string>>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(labels))
    plain[name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d)/, '_')] = value;
  return plain;
}
