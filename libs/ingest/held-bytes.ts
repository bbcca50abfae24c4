import { LeewayError } from '#platform';

/**
 * The memory that payloads of this process take, from the first byte that is read until their commit. Above its bound new ones
 * are told to come back, so that memory is bounded by this and not by the number of senders, nor by how long the database takes.
 */
export class HeldBytes {
  private bytes = 0;
  private mostBytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** What is held now. */
  get count(): number {
    return this.bytes;
  }

  /** The most that was held at once so far: what is looked at now and then misses it. */
  get peak(): number {
    return this.mostBytes;
  }

  /** The share of one payload, of which nothing is read yet. */
  open(): HeldShare {
    let held = 0;
    return {
      growTo: (bytes) => {
        if (bytes <= held) return;
        this.take(bytes - held, held);
        held = bytes;
      },
      release: () => {
        this.bytes -= held;
        held = 0;
      },
    };
  }

  private take(bytes: number, ofShare: number): void {
    const ofOthers = this.bytes - ofShare;
    // One payload is always taken, so that none is too large for ever.
    if (ofOthers > 0 && this.bytes + bytes > this.maxBytes)
      throw new LeewayError(
        'ingest-overloaded',
        `${ofOthers} bytes of other payloads are being read or wait to be stored; send this one again later`,
        { retryAfterSeconds: 1 },
      );
    this.bytes += bytes;
    this.mostBytes = Math.max(this.mostBytes, this.bytes);
  }
}

/** What one payload holds. */
export interface HeldShare {
  /** Before that much is held. @throws LeewayError `ingest-overloaded` */
  growTo(bytes: number): void;
  /** Once it is held no longer; the second time does nothing. */
  release(): void;
}
