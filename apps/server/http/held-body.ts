import type { HeldShare } from '#ingest';

/** A body that has arrived whole, and its share of the memory for payloads until it is read or dropped. */
export class HeldBody {
  private bytes: Buffer | null;

  constructor(
    bytes: Buffer,
    private readonly share: HeldShare,
  ) {
    this.bytes = bytes;
  }

  /** Gives its bytes away, once; after that it is empty. What is made of them takes their place once `release` is called. */
  take(): Buffer {
    const bytes = this.bytes ?? Buffer.alloc(0);
    this.bytes = null;
    return bytes;
  }

  /** Drops what was not taken, and gives the share back. */
  release(): void {
    this.bytes = null;
    this.share.release();
  }
}
