/**
 * Tells Leeway what a Node service predicts, and later what was true. Copy this file into your service: Node 18 or newer, no
 * dependency.
 *
 *     const leeway = new LeewayClient({ url: 'http://leeway:8080', apiKey, model: 'churn', version: 'v1' });
 *     leeway.add([{ inferenceId: 'a1', values: { age: 31, country: 'DE', score: 0.12 } }]);
 *     …
 *     await leeway.close();
 *
 * `add` and `addGroundTruth` return at once and never throw. Rows wait in a queue that is bounded by rows and bytes; when it is full
 * the oldest give way to the newest. They are sent in batches with an idempotency key each, and the same batch again until
 * Leeway has answered, so that each row counts once. `stats` accounts for every row.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** Leeway remembers an idempotency key for an hour at least: a batch that is sent again later could count twice. */
const MAX_GIVE_UP_MS = 3_000_000;
const MAX_BATCH_ROWS = 10_000;
const FIRST_DELAY_MS = 200;
const MAX_RETRY_AFTER_MS = 600_000;
const WARN_EVERY_MS = 60_000;

/**
 * @typedef {object} Row One inference.
 * @property {string} [inferenceId] What ground truth is joined by; without one it gets a new id.
 * @property {string | Date} [timestamp] When it was served; now, without one.
 * @property {Record<string, unknown>} values By column. NaN and infinities become null: a missing value.
 */

/**
 * @typedef {object} GroundTruth What was true of an inference.
 * @property {string} id The inference id of its row.
 * @property {number | string | boolean} value
 * @property {string | Date} [observedAt] When it became known; now, without one.
 */

/**
 * @typedef {object} Options
 * @property {string} url Of Leeway, such as `http://leeway:8080`.
 * @property {string} apiKey A key with the scope `ingest`.
 * @property {string} model
 * @property {string} version
 * @property {number} [sample] Share of the inferences to send, 0 to 1, chosen by a hash of the inference id.
 * @property {number} [maxBatchRows] At most 10,000.
 * @property {number} [maxBatchBytes]
 * @property {number} [maxWaitMs] How long a row waits for others to join its batch.
 * @property {number} [maxQueuedRows]
 * @property {number} [maxQueuedBytes]
 * @property {number} [timeoutMs] How long one try may take.
 * @property {number} [giveUpMs] How long one batch is tried before it is dropped; at most 3,000,000.
 * @property {number} [maxDelayMs] The longest pause between tries; `Retry-After` may ask for more.
 * @property {(message: string) => void} [warn] Told at most once a minute of each kind of trouble.
 */

/**
 * What became of the rows: takenRows = acknowledgedRows + the sum of droppedRows + unconfirmedRows + queuedRows.
 *
 * @typedef {object} Stats
 * @property {number} takenRows Without those that sampling left out.
 * @property {number} sampledOutRows
 * @property {number} acknowledgedRows Answered with 202: Leeway counted each, as accepted or as rejected.
 * @property {number} rejectedRows
 * @property {Record<'queue-full' | 'row-too-large' | 'unreadable' | 'gave-up' | 'refused' | 'closed', number>} droppedRows
 * @property {number} unconfirmedRows Given up after a try whose answer was lost: Leeway may have counted them.
 * @property {number} queuedRows
 * @property {number} queuedBytes
 * @property {number} maxSeenQueuedRows
 * @property {number} retries
 */

const DEFAULTS = {
  sample: 1,
  maxBatchRows: 500,
  maxBatchBytes: 512 * 1024,
  maxWaitMs: 1_000,
  maxQueuedRows: 50_000,
  maxQueuedBytes: 32 * 1024 * 1024,
  timeoutMs: 10_000,
  giveUpMs: 900_000,
  maxDelayMs: 30_000,
  warn: (/** @type {string} */ message) => console.warn(message),
};

export class LeewayClient {
  #inferences;
  #groundTruth;
  #sample;

  /** @param {Options} options @throws {TypeError | RangeError} for options that cannot work; nothing else here throws */
  constructor(options) {
    const all = { ...DEFAULTS, ...options };
    check(all);
    const base = `${all.url.replace(/\/+$/, '')}/api/v1/models/${encodeURIComponent(all.model)}`;
    this.#sample = all.sample;
    this.#inferences = new Outbox(`${base}/versions/${encodeURIComponent(all.version)}/inferences`, all);
    this.#groundTruth = new Outbox(`${base}/ground-truth`, all);
  }

  /** Takes rows that were served. @param {readonly Row[]} rows */
  add(rows) {
    const now = new Date();
    for (const row of each(rows))
      this.#inferences.add(() => {
        const { inferenceId = randomUUID(), timestamp = now, values } = row;
        const id = String(inferenceId);
        return isSampled(id, this.#sample) ? { inferenceId: id, timestamp, values } : null;
      });
  }

  /** Takes what was true of inferences, before or after they were sent. @param {readonly GroundTruth[]} rows */
  addGroundTruth(rows) {
    const now = new Date();
    for (const row of each(rows))
      this.#groundTruth.add(() => ({ id: row.id, value: row.value, observedAt: row.observedAt ?? now }));
  }

  /** @returns {Stats} of the inferences */
  get stats() {
    return snapshot(this.#inferences.stats);
  }

  /** @returns {Stats} of the ground truth */
  get groundTruthStats() {
    return snapshot(this.#groundTruth.stats);
  }

  /**
   * Sends what waits, without waiting for full batches.
   *
   * @param {number} [withinMs]
   * @returns {Promise<boolean>} false when the time was over first
   */
  async flush(withinMs = 5_000) {
    const done = await Promise.all([this.#inferences.flush(withinMs), this.#groundTruth.flush(withinMs)]);
    return done.every(Boolean);
  }

  /** Flushes for so long at most; what is left then is dropped and counted. Rows may come again later. */
  async close(withinMs = 5_000) {
    await Promise.all([this.#inferences.close(withinMs), this.#groundTruth.close(withinMs)]);
  }
}

/** One endpoint: a bounded queue of encoded rows, sent a batch at a time. */
class Outbox {
  /** @type {Stats} */
  stats = {
    takenRows: 0,
    sampledOutRows: 0,
    acknowledgedRows: 0,
    rejectedRows: 0,
    droppedRows: { 'queue-full': 0, 'row-too-large': 0, unreadable: 0, 'gave-up': 0, refused: 0, closed: 0 },
    unconfirmedRows: 0,
    queuedRows: 0,
    queuedBytes: 0,
    maxSeenQueuedRows: 0,
    retries: 0,
  };
  #queue = new Fifo();
  /** The batch that is being sent, or null. */
  #batch = null;
  /** Ends with the queue. */
  #sending = null;
  #timer = null;
  /** Wakes a pause between tries. */
  #hurry = new AbortController();
  #warned = new Map();

  constructor(url, options) {
    this.url = url;
    this.options = options;
  }

  /** @param {() => object | null} make Makes a row; null is one that sampling leaves out. */
  add(make) {
    const { stats, options } = this;
    let row;
    try {
      const made = make();
      if (made === null) {
        stats.sampledOutRows += 1;
        return;
      }
      row = Buffer.from(JSON.stringify(made, plain));
    } catch (error) {
      stats.takenRows += 1;
      stats.droppedRows.unreadable += 1;
      this.#warn('a row could not be encoded', 1, error);
      return;
    }
    stats.takenRows += 1;
    if (row.length > Math.min(options.maxBatchBytes, options.maxQueuedBytes)) {
      stats.droppedRows['row-too-large'] += 1;
      return;
    }
    // The oldest give way: what is happening now is worth more. A batch under way stays, as it may be counted already.
    while (this.#queue.length > 0 && !this.#hasRoomFor(row)) {
      this.#unqueue([this.#queue.shift()]);
      stats.droppedRows['queue-full'] += 1;
    }
    if (!this.#hasRoomFor(row)) {
      stats.droppedRows['queue-full'] += 1;
      return;
    }
    this.#queue.push(row);
    stats.queuedRows += 1;
    stats.queuedBytes += row.length;
    stats.maxSeenQueuedRows = Math.max(stats.maxSeenQueuedRows, stats.queuedRows);
    const isFull = this.#queue.length >= options.maxBatchRows || stats.queuedBytes >= options.maxBatchBytes;
    if (isFull) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), options.maxWaitMs).unref();
  }

  async flush(withinMs) {
    const isOver = new AbortController();
    const timeUp = sleep(withinMs, false, { signal: isOver.signal, ref: true }).catch(() => false);
    const isSent = await Promise.race([this.#sent(), timeUp]);
    isOver.abort();
    return isSent;
  }

  async close(withinMs) {
    // A pause between tries may be longer than there is time.
    this.#hurry.abort();
    const isSent = await this.flush(withinMs);
    this.#hurry = new AbortController();
    if (isSent) return;
    const rows = this.#queue.splice(this.#queue.length);
    this.#unqueue(rows);
    this.stats.droppedRows.closed += rows.length;
    if (this.#batch !== null) this.#settle(this.#batch, 'closed');
    this.options.warn(
      `leeway: the service ends with ${rows.length} rows that were not sent, besides those under way`,
    );
  }

  async #sent() {
    while (this.#queue.length > 0 || this.#batch !== null) {
      this.#start();
      await this.#sending;
    }
    return true;
  }

  #hasRoomFor(row) {
    const { stats, options } = this;
    return (
      stats.queuedRows < options.maxQueuedRows && stats.queuedBytes + row.length <= options.maxQueuedBytes
    );
  }

  #unqueue(rows) {
    this.stats.queuedRows -= rows.length;
    for (const row of rows) this.stats.queuedBytes -= row.length;
  }

  #start() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#sending ??= this.#sendQueue().finally(() => (this.#sending = null));
  }

  async #sendQueue() {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      this.#batch = batch;
      try {
        await this.#deliver(batch);
      } catch (error) {
        this.#settle(batch, 'gave-up');
        this.#warn('a batch was dropped', batch.rows.length, error);
      }
    }
  }

  #nextBatch() {
    const { maxBatchRows, maxBatchBytes } = this.options;
    let count = 0;
    let size = 0;
    while (count < Math.min(maxBatchRows, this.#queue.length)) {
      size += this.#queue.at(count).length;
      if (count > 0 && size > maxBatchBytes) break;
      count += 1;
    }
    return { payloadId: randomUUID(), rows: this.#queue.splice(count), mayBeCounted: false };
  }

  /** Until Leeway has answered, the batch was tried for too long, or the client was closed. */
  async #deliver(batch) {
    const body = `{"rows":[${batch.rows.join(',')}]}`;
    const giveUpAt = performance.now() + this.options.giveUpMs;
    let delayMs = FIRST_DELAY_MS;
    while (this.#batch === batch) {
      const wasMaybeCounted = batch.mayBeCounted;
      batch.mayBeCounted = true;
      const outcome = await this.#post(batch, body);
      batch.mayBeCounted = wasMaybeCounted || outcome.mayBeCounted;
      if (outcome.receipt !== null) return this.#acknowledge(batch, outcome.receipt);
      if (isFinal(outcome.status)) {
        this.#warn('Leeway refused rows', batch.rows.length, outcome.detail);
        return this.#settle(batch, 'refused');
      }
      this.#warn('Leeway did not take rows yet', batch.rows.length, outcome.detail);
      const pauseMs = Math.max(outcome.retryAfterMs, delayMs * (0.5 + Math.random() / 2));
      if (performance.now() + pauseMs > giveUpAt) return this.#settle(batch, 'gave-up');
      await this.#pause(pauseMs);
      delayMs = Math.min(2 * delayMs, this.options.maxDelayMs);
      this.stats.retries += 1;
    }
  }

  /** A client that is being closed has no time for long pauses, and leaves short ones. */
  async #pause(ms) {
    const { signal } = this.#hurry;
    if (signal.aborted) await sleep(100);
    else await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }

  async #post({ payloadId }, body) {
    try {
      const answer = await fetch(this.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${this.options.apiKey}`,
          'idempotency-key': payloadId,
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(this.options.timeoutMs),
      });
      return outcomeOf(answer, await answer.text());
    } catch (error) {
      // Before there was a connection nothing can have been stored.
      const code = error?.cause?.code ?? '';
      const mayBeCounted = !['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(
        code,
      );
      return { status: 0, receipt: null, retryAfterMs: 0, mayBeCounted, detail: `${error} ${code}` };
    }
  }

  #acknowledge(batch, receipt) {
    if (this.#batch !== batch) return;
    const rejected = Number(receipt.rejectedCount ?? 0);
    this.stats.acknowledgedRows += batch.rows.length;
    this.stats.rejectedRows += rejected;
    this.#end(batch);
    const reasons = (receipt.rejections ?? [])
      .slice(0, 3)
      .map(({ reason, message }) => `${reason}: ${message}`);
    if (rejected > 0) this.#warn('Leeway could not count rows', rejected, reasons.join('; '));
  }

  #settle(batch, droppedAs) {
    if (this.#batch !== batch) return;
    if (batch.mayBeCounted) this.stats.unconfirmedRows += batch.rows.length;
    else this.stats.droppedRows[droppedAs] += batch.rows.length;
    this.#end(batch);
  }

  #end(batch) {
    this.#batch = null;
    this.#unqueue(batch.rows);
  }

  #warn(what, count, detail) {
    const now = performance.now();
    const { at = -Infinity, untold = 0 } = this.#warned.get(what) ?? {};
    if (now - at < WARN_EVERY_MS) {
      this.#warned.set(what, { at, untold: untold + count });
      return;
    }
    this.#warned.set(what, { at: now, untold: 0 });
    try {
      this.options.warn(`leeway: ${what} (${untold + count} since the last such line): ${String(detail)}`);
    } catch {
      // A logger that throws is not the caller's fault either.
    }
  }
}

/** A queue whose front is taken in constant time: an array would move all that is behind it. */
class Fifo {
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  at(index) {
    return this.#items[this.#head + index];
  }

  push(item) {
    this.#items.push(item);
  }

  shift() {
    return this.splice(1)[0];
  }

  /** Takes the first `count` items. */
  splice(count) {
    const taken = this.#items.slice(this.#head, this.#head + count);
    this.#items.fill(undefined, this.#head, this.#head + taken.length);
    this.#head += taken.length;
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }
}

function outcomeOf(answer, text) {
  const detail = `HTTP ${answer.status}: ${text.slice(0, 300)}`;
  // On 429 and 503 Leeway has stored nothing. Other failures may be a proxy's, after Leeway has stored the batch.
  const mayBeCounted = !isFinal(answer.status) && answer.status !== 429 && answer.status !== 503;
  const retryAfterMs = retryAfter(answer.headers.get('retry-after'));
  return {
    status: answer.status,
    receipt: receiptOf(answer.status, text),
    retryAfterMs,
    mayBeCounted,
    detail,
  };
}

function receiptOf(status, text) {
  if (status !== 202) return null;
  try {
    const receipt = JSON.parse(text);
    return typeof receipt === 'object' && !Array.isArray(receipt) ? receipt : null;
  } catch {
    return null;
  }
}

/** Leeway, or what stands before it, will never take this batch. */
function isFinal(status) {
  return status >= 300 && status < 500 && ![408, 425, 429].includes(status);
}

/** The pause that a Retry-After header asks for, in seconds or as a date. */
function retryAfter(header) {
  if (header === null || header === '') return 0;
  const ms = Number.isNaN(Number(header)) ? Date.parse(header) - Date.now() : Number(header) * 1_000;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : 0;
}

/** What JSON has no form for: large integers become numbers or, beyond what those hold exactly, texts. */
function plain(_name, value) {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

/** The same answer for an id in every process, and the same as the Python client's. */
function isSampled(inferenceId, share) {
  if (share >= 1) return true;
  const digest = createHash('sha256').update(`leeway-client/${inferenceId}`).digest();
  return Number(digest.readBigUInt64BE()) < share * 2 ** 64;
}

function* each(rows) {
  if (Array.isArray(rows)) yield* rows;
}

function snapshot(stats) {
  return { ...stats, droppedRows: { ...stats.droppedRows } };
}

function check(options) {
  if (!/^https?:$/.test(new URL(options.url).protocol)) throw new TypeError('url must be http or https');
  const bounds = [
    'maxBatchRows',
    'maxBatchBytes',
    'maxWaitMs',
    'maxQueuedRows',
    'maxQueuedBytes',
    'timeoutMs',
    'giveUpMs',
  ];
  for (const name of bounds)
    if (!(options[name] > 0)) throw new RangeError(`${name} must be greater than 0, not ${options[name]}`);
  if (!(options.sample >= 0 && options.sample <= 1)) throw new RangeError('sample must be from 0 to 1');
  if (options.maxBatchRows > MAX_BATCH_ROWS)
    throw new RangeError(`maxBatchRows must be up to ${MAX_BATCH_ROWS}`);
  if (options.giveUpMs > MAX_GIVE_UP_MS)
    throw new RangeError(`giveUpMs must be up to ${MAX_GIVE_UP_MS}: Leeway forgets keys after an hour`);
}
