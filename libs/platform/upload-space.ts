import { LeewayError } from './errors.js';

export interface UploadLimits {
  /** Files that are read at the same time: each may take the memory that DuckDB is given. */
  readonly maxFiles: number;
  /** Bytes of one file. */
  readonly maxFileBytes: number;
  /** Bytes of all files together, on disk. */
  readonly maxBytes: number;
}

/** What uploads that are kept as files may take of this machine. Above it new ones are told to come back. */
export class UploadSpace {
  private fileCount = 0;
  private bytes = 0;

  constructor(private readonly limits: UploadLimits) {}

  /** @throws LeewayError `ingest-overloaded` when as many files are being read as may be */
  open(): UploadShare {
    if (this.fileCount >= this.limits.maxFiles)
      throw busy(`${this.fileCount} other files are being read, as many as may be at once`);
    this.fileCount += 1;
    return new UploadShare(
      (bytes, ofFile) => this.take(bytes, ofFile),
      (bytes) => this.close(bytes),
    );
  }

  private take(bytes: number, ofFile: number): void {
    const { maxFileBytes, maxBytes } = this.limits;
    if (ofFile > maxFileBytes)
      throw new LeewayError(
        'payload-too-large',
        `the file is larger than ${maxFileBytes} bytes; send the rows in several files`,
      );
    if (this.bytes + bytes > maxBytes)
      throw busy(`files of ${this.bytes} bytes are being read, and there may be ${maxBytes} at once`);
    this.bytes += bytes;
  }

  private close(bytes: number): void {
    this.fileCount -= 1;
    this.bytes -= bytes;
  }
}

/** What one file takes. */
export class UploadShare {
  private bytes = 0;

  constructor(
    private readonly take: (bytes: number, ofFile: number) => void,
    private readonly giveBack: (bytes: number) => void,
  ) {}

  /** Before so many more bytes are written. @throws LeewayError `payload-too-large`, `ingest-overloaded` */
  grow(bytes: number): void {
    this.take(bytes, this.bytes + bytes);
    this.bytes += bytes;
  }

  /** Once the file is gone. */
  close(): void {
    this.giveBack(this.bytes);
  }
}

/** Files take their time: asking every second would be of no use. */
const RETRY_AFTER_SECONDS = 5;

function busy(why: string): LeewayError {
  return new LeewayError('ingest-overloaded', `${why}; send this one again later`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}
