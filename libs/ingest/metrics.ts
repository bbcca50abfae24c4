import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { HeldBytes } from './held-bytes.js';

/** Seconds; commits take a few milliseconds on a server and tens on the embedded database. */
const COMMIT_BUCKETS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

/** What Leeway's own /metrics say of ingest. */
export class IngestMetrics {
  readonly rows: Counter<'outcome'>;
  readonly payloads: Counter<'outcome'>;
  readonly commitDuration: Histogram;
  readonly unpairedHalves: Counter<'part'>;

  private readonly sources = { held: { count: 0, peak: 0 }, pendingPayloads: (): number => 0 };

  constructor(registry: Registry) {
    const registers = [registry];
    this.rows = new Counter({
      name: 'leeway_ingest_rows_total',
      help: 'Inference rows received, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.payloads = new Counter({
      name: 'leeway_ingest_payloads_total',
      help: 'Payloads received, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.commitDuration = new Histogram({
      name: 'leeway_ingest_commit_duration_seconds',
      help: 'Duration of one group commit.',
      buckets: COMMIT_BUCKETS,
      registers,
    });
    this.unpairedHalves = new Counter({
      name: 'leeway_ingest_unpaired_halves_total',
      help: 'Captured requests and responses whose other half did not come in time.',
      labelNames: ['part'],
      registers,
    });
    watched(
      registry,
      'leeway_ingest_held_bytes',
      'Memory of payloads that are being read or wait for their commit, in bytes.',
      () => this.sources.held.count,
    );
    watched(
      registry,
      'leeway_ingest_held_bytes_peak',
      'The most of leeway_ingest_held_bytes at once since the process started.',
      () => this.sources.held.peak,
    );
    watched(registry, 'leeway_ingest_pending_payloads', 'Payloads that wait for their commit.', () =>
      this.sources.pendingPayloads(),
    );
    for (const part of ['request', 'response']) this.unpairedHalves.inc({ part }, 0);
    for (const outcome of ['accepted', 'sampled-out', 'rejected', 'duplicate']) this.rows.inc({ outcome }, 0);
    for (const outcome of ['accepted', 'duplicate', 'ignored', 'unreadable'])
      this.payloads.inc({ outcome }, 0);
  }

  /** Says where the memory that payloads take is looked up. */
  watchHeldBytes(heldBytes: HeldBytes): void {
    this.sources.held = heldBytes;
  }

  /** Says where it is looked up how many payloads wait for their commit. */
  watchPendingPayloads(count: () => number): void {
    this.sources.pendingPayloads = count;
  }
}

/** A gauge that is looked at when somebody asks: setting it for every payload costs more than it tells. */
function watched(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}
