import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { LeewayError, type Instant } from '#platform';
import type { Ingest } from '../ingest.js';
import type { SourceProgress } from '../source-progress.js';
import { backoffMs } from './backoff.js';
import type { KafkaMessage, Stretch } from './fetched-messages.js';
import type { FailureReason, KafkaMetrics } from './kafka-metrics.js';
import type { MessageDecoder, MessagePlace, ReadMessage } from './message-decoder.js';
import type { SourceTopic, StoredOffsets } from './stored-offsets.js';

/** What the partitions of a source share. */
export interface PartitionDeps {
  readonly source: string;
  readonly ingest: Ingest;
  readonly decoder: MessageDecoder;
  readonly offsets: StoredOffsets;
  readonly metrics: KafkaMetrics;
  /** Hears of what went wrong; it will be tried again. */
  readonly report: (reason: FailureReason, error: unknown) => void;
  /** Hears that a batch was stored. */
  readonly onProgress: () => void;
  /** Hears that there is room for more. */
  readonly onRoom: () => void;
}

/** A message, or a stretch without any, and the offset behind it. */
interface Queued {
  readonly message: KafkaMessage | null;
  readonly next: bigint;
  /** Messages that were deleted before they were read. */
  readonly lostCount: number;
}

interface Batch {
  readonly from: bigint;
  readonly queued: readonly Queued[];
  readonly read: readonly ReadMessage[];
}

/** Messages of one commit at the most, and rows from which on it is large enough: bound how long others wait for it. Unmeasured. */
const MAX_BATCH_MESSAGES = 500;
const ENOUGH_ROWS = 5_000;
/** Messages that are decoded before others get their turn: decoding is synchronous. */
const MESSAGES_PER_TURN = 20;

/**
 * One partition that this process reads: what was fetched of it, counted batch after batch in the order of the log. At most one
 * of its batches is under way, since each begins where the one before has ended.
 */
export class AssignedPartition {
  /** The offset to ask the broker for. */
  fetchOffset: bigint;
  /** The end of what committed transactions have written, as of the last fetch; null before it. */
  endOffset: bigint | null = null;
  bufferedBytes = 0;
  private queue: Queued[] = [];
  private head = 0;
  private running: Promise<void> | null = null;
  private readonly stopping = new AbortController();

  constructor(
    private readonly deps: PartitionDeps,
    readonly topic: SourceTopic,
    readonly partition: number,
    /** The offset of the first message that is not counted. */
    public nextOffset: bigint,
  ) {
    this.fetchOffset = nextOffset;
  }

  /** When the oldest message that was fetched and is not counted was produced; null where there is none. */
  get oldestAt(): Instant | null {
    return this.queue[this.head]?.message?.at ?? null;
  }

  /** Takes what a fetch from `fetchOffset` brought. What was fetched before the partition was read anew is dropped. */
  deliver(stretch: Stretch): void {
    if (stretch.from !== this.fetchOffset || this.stopping.signal.aborted) return;
    const { messages, to } = stretch;
    if (to === stretch.from) return;
    messages.forEach((message, index) =>
      this.queue.push({ message, next: messages[index + 1]?.offset ?? to, lostCount: 0 }),
    );
    if (messages.length === 0) this.queue.push({ message: null, next: to, lostCount: 0 });
    this.bufferedBytes += stretch.sizeBytes;
    this.fetchOffset = to;
    this.start();
  }

  /** Goes on at another offset: the broker no longer has the messages before it, or it has lost those behind it. */
  skipTo(offset: bigint): void {
    if (this.stopping.signal.aborted) return;
    const lostCount = offset > this.fetchOffset ? Number(offset - this.fetchOffset) : 0;
    this.queue.push({ message: null, next: offset, lostCount });
    this.fetchOffset = offset;
    this.start();
  }

  /** Waits for the batch under way, and drops what was fetched besides: its offset was not moved on. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private start(): void {
    this.running ??= this.run().finally(() => {
      this.running = null;
      // What was delivered after the last look at the queue.
      if (this.head < this.queue.length && !this.stopping.signal.aborted) this.start();
    });
  }

  private async run(): Promise<void> {
    while (this.head < this.queue.length) {
      // Decoded anew for each try: what is known of a version, such as its grid, holds for a second only.
      const outcome = await this.trying(async () => this.store(await this.readBatch()));
      if (outcome === 'stopped') return;
      if (outcome === 'outdated' && (await this.trying(() => this.readAnew())) === 'stopped') return;
      this.deps.onRoom();
    }
  }

  /** Tries until it works. Whatever fails is not the fault of a message; nothing is lost by waiting. */
  private async trying<T>(run: () => Promise<T>): Promise<T | 'stopped'> {
    for (let failures = 0; ; failures += 1) {
      if (this.stopping.signal.aborted) return 'stopped';
      try {
        return await run();
      } catch (error) {
        this.deps.report(failureReasonOf(error), error);
        await sleep(backoffMs(failures), undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  /** Decodes as many messages as make a commit. They stay in the queue until they are stored. */
  private async readBatch(): Promise<Batch> {
    const read: ReadMessage[] = [];
    let rows = 0;
    let end = this.head;
    for (; end < this.queue.length && read.length < MAX_BATCH_MESSAGES && rows < ENOUGH_ROWS; end += 1) {
      const message = this.queue[end]?.message ?? null;
      if (message === null) continue;
      const one = await this.deps.decoder.read(message, this.place);
      read.push(one);
      rows += rowCountOf(one);
      if (read.length % MESSAGES_PER_TURN === 0) await nextTurn();
    }
    return { from: this.nextOffset, queued: this.queue.slice(this.head, end), read };
  }

  private async store(batch: Batch): Promise<'stored' | 'outdated'> {
    const to = batch.queued.at(-1)?.next ?? batch.from;
    const deadLetters = batch.read.flatMap(({ deadLetter }) => deadLetter ?? []);
    const progress: SourceProgress = {
      groupId: this.topic.groupId,
      topicId: this.topic.topicId,
      partition: this.partition,
      from: batch.from,
      to,
      deadLetters,
    };
    const decoded = batch.read.flatMap((each) => each.decoded ?? []);
    const receipts = await this.deps.ingest.store(decoded, progress).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      return error;
    });
    if (isRefusal(receipts)) return this.storeOneByOne(batch, receipts);
    if (receipts === 'outdated') return receipts;
    const duplicates = new Set(
      receipts.flatMap(({ status, payloadId }) => (status === 'duplicate' ? [payloadId] : [])),
    );
    this.settle(batch, to);
    for (const one of batch.read) this.count(one, duplicates);
    this.deps.onProgress();
    return 'stored';
  }

  /** The database refuses something in a batch: the others of it are stored, and that message becomes a dead letter. */
  private async storeOneByOne(batch: Batch, error: Error): Promise<'stored' | 'outdated'> {
    const [only, ...others] = batch.read;
    if (only === undefined || (others.length === 0 && only.decoded === null)) throw error;
    if (others.length === 0)
      return this.store({
        ...batch,
        read: [this.deps.decoder.dead({ ...only, decoded: null }, this.place, error)],
      });
    let from = batch.from;
    let reads = 0;
    for (const each of batch.queued) {
      const one = each.message === null ? undefined : batch.read[reads];
      if (each.message !== null) reads += 1;
      const outcome = await this.store({ from, queued: [each], read: one === undefined ? [] : [one] });
      if (outcome === 'outdated') return outcome;
      from = each.next;
    }
    return 'stored';
  }

  private settle({ queued, read }: Batch, next: bigint): void {
    this.nextOffset = next;
    this.head += queued.length;
    for (const { message } of read) this.bufferedBytes -= message.sizeBytes;
    for (const { lostCount } of queued)
      if (lostCount > 0) this.deps.metrics.countLost(this.deps.source, lostCount);
    if (this.head < this.queue.length && this.head < MAX_BATCH_MESSAGES) return;
    this.queue = this.queue.slice(this.head);
    this.head = 0;
  }

  private count({ message: _, decoded, deadLetter }: ReadMessage, duplicates: ReadonlySet<string>): void {
    const { metrics, source } = this.deps;
    if (deadLetter !== null) {
      metrics.countMessage(source, 'dead-lettered');
      metrics.countDeadLetter(source, deadLetter.reason);
      return;
    }
    const payloads = decoded?.payloads ?? [];
    const areDuplicates = payloads.every(({ receipt }) => duplicates.has(receipt.payloadId));
    metrics.countMessage(source, payloads.length === 0 ? 'ignored' : areDuplicates ? 'duplicate' : 'counted');
  }

  /** Another process has counted what this one was about to: it goes on from where the database says. */
  private async readAnew(): Promise<void> {
    const { groupId, topicId } = this.topic;
    const stored = await this.deps.offsets.find({ groupId, topicId, partition: this.partition });
    if (stored === null)
      throw new Error(`the offset of ${this.topic.topic}-${this.partition} is gone from the database`);
    this.deps.metrics.countOutdated(this.deps.source);
    this.queue = [];
    this.head = 0;
    this.bufferedBytes = 0;
    this.nextOffset = stored;
    this.fetchOffset = stored;
  }

  private get place(): MessagePlace {
    const { topic, topicId } = this.topic;
    return { topic, topicId, partition: this.partition };
  }
}

function rowCountOf({ decoded }: ReadMessage): number {
  return (decoded?.payloads ?? []).reduce((sum, { pending }) => sum + pending.batch.rowCount, 0);
}

/** SQLSTATE classes that say that the data is wrong, not that the server is busy: data, constraints, limits of the program. */
const REFUSED_STATES = /^(22|23|54)/;

/** Whether the database will refuse the same data again. `not-found`: its version was deleted since it was decoded. */
function isRefusal(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof LeewayError) return error.code === 'not-found';
  return REFUSED_STATES.test(String((error as { code?: unknown }).code));
}

export function failureReasonOf(error: unknown): FailureReason {
  if (!(error instanceof LeewayError)) return 'other';
  if (error.code === 'ingest-overloaded') return 'overload';
  return error.code === 'database-unavailable' ? 'database' : 'other';
}
