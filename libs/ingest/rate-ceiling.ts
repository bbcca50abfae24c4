import type { PayloadPart } from '#payloads';
import type { Instant } from '#platform';

/** Length of the spans over which arriving rows are counted. */
const SPAN_MS = 1_000;
/** How far a burst may go beyond the ceiling, as a share of it: a second's rows are not known before it is over. */
const OVERSHOOT = 0.1;

/**
 * The share of a version's rows that keeps its inferences below a ceiling a second: 1, ½, ¼, … Steps of two, so that nodes under
 * similar load take the same rows of one inference.
 *
 * A second begins with the share that fits the rate of the second before, and lowers it when what was kept nears the ceiling: what
 * goes beyond gets half of what is left up to a tenth more, so that a second keeps at most 1.1 ceilings, whatever arrives. (Shares are of
 * expected counts: rows are chosen by a hash.) An inference that comes in two halves counts once: by its request, and by a response
 * only where more of these came.
 */
export class RateCeiling {
  private spanStart = -Infinity;
  private share = 1;
  private arrived = new Inferences();
  private kept = new Inferences();

  /** Notes that rows arrived; returns the share of them to take. */
  shareFor(
    rowCount: number,
    part: PayloadPart,
    { maxRowsPerSecond, now }: { readonly maxRowsPerSecond: number; readonly now: Instant },
  ): number {
    const elapsedMs = now - this.spanStart;
    if (elapsedMs >= SPAN_MS || elapsedMs < 0) this.begin(elapsedMs, maxRowsPerSecond, now);
    this.arrived.add(rowCount, part);
    const newCount = this.kept.growthOf(rowCount, part);
    const { count } = this.kept;
    const room = Math.max(
      maxRowsPerSecond - count,
      ((1 + OVERSHOOT) * maxRowsPerSecond - count) / 2,
      Number.MIN_VALUE,
    );
    this.share = Math.min(this.share, shareBelow(newCount, room));
    this.kept.add(rowCount * this.share, part);
    return this.share;
  }

  private begin(elapsedMs: number, ceiling: number, now: Instant): void {
    const isNext = elapsedMs >= 0 && elapsedMs < 2 * SPAN_MS;
    this.share = isNext ? shareBelow((this.arrived.count * 1_000) / elapsedMs, ceiling) : 1;
    this.spanStart = now;
    this.arrived = new Inferences();
    this.kept = new Inferences();
  }
}

/** How many inferences rows are, of which some come in halves. */
class Inferences {
  private readonly rows = { whole: 0, request: 0, response: 0 };

  get count(): number {
    return this.rows.whole + Math.max(this.rows.request, this.rows.response);
  }

  add(rowCount: number, part: PayloadPart): void {
    this.rows[part] += rowCount;
  }

  /** By how much so many rows would raise the count. */
  growthOf(rowCount: number, part: PayloadPart): number {
    const { request, response } = this.rows;
    if (part === 'whole') return rowCount;
    const [own, other] = part === 'request' ? [request, response] : [response, request];
    return Math.max(0, own + rowCount - Math.max(own, other));
  }
}

function shareBelow(rate: number, ceiling: number): number {
  return rate <= ceiling ? 1 : 2 ** -Math.ceil(Math.log2(rate / ceiling));
}
