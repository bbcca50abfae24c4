import { setTimeout as sleep } from 'node:timers/promises';
import {
  DailyPartitions,
  isRefusal,
  LeewayError,
  windowStart,
  withRetries,
  type Clock,
  type Database,
  type Instant,
  type Transaction,
} from '#platform';
import { CaptureBounds } from './capture-bounds.js';
import { insertCaptured, insertDeltas } from './commit-rows.js';
import { foldPayloads } from './fold.js';
import type { IngestMetrics } from './metrics.js';
import { lockTurn, MAX_WAIT_MS, rememberKeys } from './payload-keys.js';
import { commitSwiftly } from './swift-commit.js';
import {
  rowCountOf,
  type CommitOutcome,
  type CommitUnit,
  type PendingPayload,
  type UnitOutcome,
} from './pending-payload.js';
import { advanceOffset, insertDeadLetters, type SourceProgress } from './source-progress.js';

interface Waiting {
  readonly unit: CommitUnit;
  readonly resolve: (outcome: UnitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Units of one group from which on many come at the same time, so that waiting for more of them pays. */
const CROWD = 8;
/**
 * The time between two commits of a crowd, as PostgreSQL's `commit_delay`: whatever it holds, a commit of a 30-column model costs this
 * process a millisecond, compaction another one, and up to 220 kB of the database's log.
 */
const PAUSE_MS = 10;
/** Rows of one commit at the most: bounds how long the payloads behind it wait. Unmeasured. */
const MAX_COMMIT_ROWS = 50_000;

/**
 * Makes payloads durable, many in one transaction: their keys, their rows folded into delta profiles, the captured rows, and
 * how far their sources have come. While commits are under way the next group gathers, so the group grows with the load by itself.
 *
 * A payload's promise settles after its commit and never before: when the process dies in between, the sender has no
 * answer, sends again with the same key, and the key decides whether the rows were already counted.
 */
export class GroupCommitter {
  private readonly waiting: Waiting[] = [];
  private readonly running = new Set<Promise<void>>();
  private pause: Promise<void> = Promise.resolve();
  private readonly partitions = new DailyPartitions('captured_row');
  private readonly bounds = new CaptureBounds();
  /** The turn of the key tables when it was last looked at; the database decides whether it still is. */
  private turn = 0;

  constructor(
    private readonly database: Database,
    private readonly metrics: IngestMetrics,
    private readonly clock: Clock,
  ) {
    metrics.watchPendingPayloads(() => this.waiting.length);
  }

  /**
   * How much may wait is for the caller to bound: see `HeldBytes`.
   *
   * @throws LeewayError `database-unavailable` when it cannot be stored, `ingest-overloaded` when it has waited too long
   */
  commit(payload: PendingPayload): Promise<CommitOutcome> {
    return new Promise<CommitOutcome>((resolve, reject) =>
      this.enqueue({
        unit: { payloads: [payload], progress: null },
        // Without progress nothing can be outdated.
        resolve: (outcome) => resolve(outcome[0] === 'duplicate' ? 'duplicate' : 'accepted'),
        reject,
      }),
    );
  }

  /** Stores the payloads of a stretch of a partition, its dead letters and its next offset: all of it or nothing. @throws as `commit` */
  commitStretch(payloads: readonly PendingPayload[], progress: SourceProgress): Promise<UnitOutcome> {
    return new Promise<UnitOutcome>((resolve, reject) =>
      this.enqueue({ unit: { payloads, progress }, resolve, reject }),
    );
  }

  private enqueue(waiting: Waiting): void {
    this.waiting.push(waiting);
    if (this.running.size < this.maxCommits) this.start();
  }

  /** Waits until nothing is pending. */
  async drain(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private start(): void {
    const run = this.run().finally(() => {
      this.running.delete(run);
      // What came after its last look, and found it still running.
      if (this.waiting.length > 0) this.start();
    });
    this.running.add(run);
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.pause;
      const group = this.takeGroup();
      if (group.length === 0) return; // The other run took all of it meanwhile.
      if (group.length >= CROWD) this.pause = sleep(PAUSE_MS);
      await this.commitGroup(group);
    }
  }

  /** A second commit is folded while the first one waits for the disk; the embedded database has one session. */
  private get maxCommits(): number {
    return this.database.isEmbedded ? 1 : 2;
  }

  private takeGroup(): Waiting[] {
    let rows = 0;
    let count = 0;
    for (const { unit } of this.waiting) {
      rows += rowCountOf(unit);
      if (count > 0 && rows > MAX_COMMIT_ROWS) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async commitGroup(group: readonly Waiting[]): Promise<void> {
    const endTimer = this.metrics.commitDuration.startTimer();
    try {
      const outcomes = await this.store(group.map(({ unit }) => unit));
      group.forEach(({ resolve }, index) => resolve(outcomes[index] ?? []));
    } catch (error) {
      await this.commitOneByOne(group, error);
    } finally {
      endTimer();
    }
  }

  /**
   * One unit that is refused must not fail those that were committed with it. After any other failure it is not known what became of them:
   * stored again, those without a key would count twice, so their senders hear of it and decide.
   */
  private async commitOneByOne(group: readonly Waiting[], cause: unknown): Promise<void> {
    const isAway = cause instanceof LeewayError && cause.code === 'database-unavailable';
    const isRefused = isRefusal(cause) || (cause instanceof LeewayError && !isAway);
    if (isAway) this.sendAway();
    for (const { unit, resolve, reject } of group) {
      if (!isRefused || group.length === 1) {
        reject(cause);
        continue;
      }
      await this.store([unit]).then(([outcome]) => resolve(outcome ?? []), reject);
    }
  }

  /** Those that wait behind a commit that was lost have waited long enough: nothing of them was sent. */
  private sendAway(): void {
    for (const { reject } of this.waiting.splice(0)) {
      reject(
        new LeewayError(
          'database-unavailable',
          'the database cannot be reached; nothing was stored, try again',
          {
            retryAfterSeconds: 2,
          },
        ),
      );
    }
  }

  private async store(units: readonly CommitUnit[]): Promise<UnitOutcome[]> {
    await this.partitions.ensure(this.database, startsOf(units));
    return withRetries(async () => (await this.storeSwiftly(units)) ?? this.storeInSteps(units));
  }

  /**
   * The usual way: every key is new and every offset where it should be. Null when one is not, or the key tables have to change turns;
   * nothing is stored then.
   */
  private async storeSwiftly(units: readonly CommitUnit[]): Promise<UnitOutcome[] | null> {
    const payloads = units.flatMap((unit) => unit.payloads);
    const keys = keysOf(payloads);
    if (new Set(keys).size < keys.length) return null;
    const { turn } = this;
    this.refuseOverdue(units);
    const { deltas, captured } = foldPayloads(payloads, [], this.bounds);
    const progress = units.flatMap((unit) => unit.progress ?? []);
    if (!(await commitSwiftly(this.database, { keys, turn, deltas, captured, progress }))) return null;
    this.bounds.learn(captured);
    return units.map((unit) => unit.payloads.map(() => 'accepted'));
  }

  private async storeInSteps(units: readonly CommitUnit[]): Promise<UnitOutcome[]> {
    const { outcomes, stored } = await this.database.transaction(async (tx) => {
      const turn = await lockTurn(tx);
      this.turn = turn;
      this.refuseOverdue(units);
      const current = await advanceSources(tx, units);
      const payloads = units.flatMap((unit) => (current.has(unit) ? unit.payloads : []));
      const fresh = await rememberKeys(tx, turn, [...new Set(keysOf(payloads))]);
      const outcomeOf = new Map(
        payloads.map((payload): [PendingPayload, CommitOutcome] => {
          if (payload.key === null) return [payload, 'accepted'];
          // Deleted as it is taken, so that the same key twice in one group counts once.
          return [payload, fresh.delete(payload.key) ? 'accepted' : 'duplicate'];
        }),
      );
      const { deltas, captured } = foldPayloads(
        payloads.filter((payload) => outcomeOf.get(payload) === 'accepted'),
        payloads.filter((payload) => outcomeOf.get(payload) === 'duplicate'),
        this.bounds,
      );
      await insertDeltas(tx, deltas, this.database.isEmbedded);
      await insertCaptured(tx, captured);
      const outcomes = units.map((unit): UnitOutcome =>
        current.has(unit) ? unit.payloads.map((payload) => outcomeOf.get(payload) ?? 'accepted') : 'outdated',
      );
      return { outcomes, stored: captured };
    });
    this.bounds.learn(stored);
    return outcomes;
  }

  /**
   * Refuses payloads that have waited so long, as when their process stood still, that another one may have counted them and
   * forgotten their keys since. Call it once the turn is known that they are to be stored in: see `rememberKeys`.
   */
  private refuseOverdue(units: readonly CommitUnit[]): void {
    const oldest = this.clock.now() - MAX_WAIT_MS;
    for (const { payloads, progress } of units) {
      // The offset of a source says by itself whether its payloads were counted.
      if (progress !== null || payloads.every(({ key, receivedAt }) => key === null || receivedAt >= oldest))
        continue;
      throw new LeewayError(
        'ingest-overloaded',
        'the payload waited too long to be stored, and was not; send it again',
        { retryAfterSeconds: 1 },
      );
    }
  }
}

/** Moves the offsets of a group's sources on, and returns the units that may be stored: those whose offset was where it should be. */
async function advanceSources(tx: Transaction, units: readonly CommitUnit[]): Promise<Set<CommitUnit>> {
  const current = new Set<CommitUnit>();
  for (const unit of units) {
    const { progress } = unit;
    if (progress !== null && !(await advanceOffset(tx, progress))) continue;
    current.add(unit);
    if (progress !== null) await insertDeadLetters(tx, progress.deadLetters);
  }
  return current;
}

/** The windows of the rows: captured rows are kept by the day on which their window starts, which may be long before their own. */
function startsOf(units: readonly CommitUnit[]): Set<Instant> {
  const starts = new Set<Instant>();
  for (const { payloads } of units)
    for (const { batch, context } of payloads) {
      const { grainMs } = context.version.model;
      for (const at of batch.timestamps) starts.add(windowStart(at, grainMs));
    }
  return starts;
}

/** In one order, so that two commits of the same keys wait for each other and do not deadlock. */
function keysOf(payloads: readonly PendingPayload[]): string[] {
  return payloads.flatMap(({ key }) => (key === null ? [] : [key])).sort();
}
