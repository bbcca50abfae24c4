import {
  LeewayError,
  toRfc3339,
  type Database,
  type ErrorPlace,
  type Instant,
  type Transaction,
} from '#platform';
import type { RegistrationProgress } from './baseline-registration.js';
import type { BaselineSource, ByteStream } from './baseline-source/source.js';
import type { Models, Version } from './models.js';

export const UPLOAD_STATES = ['reading', 'storing', 'done', 'failed'] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

/** Why an upload failed. */
export interface UploadProblem {
  readonly code: string;
  readonly detail: string;
  readonly places: readonly ErrorPlace[];
}

/** How far an upload is. */
export interface BaselineUpload {
  readonly uploadId: string;
  readonly model: string;
  readonly version: string;
  readonly state: UploadState;
  /** Bytes and rows that were read so far. */
  readonly byteCount: number;
  readonly rowCount: number;
  readonly baselineId: string | null;
  readonly problem: UploadProblem | null;
  readonly startedAt: string;
  readonly updatedAt: string;
}

interface UploadRow {
  upload_id: string;
  state: UploadState;
  byte_count: string;
  row_count: string;
  baseline_id: string | null;
  problem: UploadProblem | null;
  started_at: Date;
  updated_at: Date;
  is_silent: boolean;
}

/** How often the progress of an upload is written down. */
const WRITE_EVERY_MS = 1_000;
/** After this long without a word the process that read an upload is gone. Thirty times the above: it may be busy storing. */
const SILENCE = `interval '30 seconds'`;

const IS_SILENT = `state in ('reading', 'storing') and updated_at < now() - ${SILENCE}`;

/** What a registration reports to. */
export interface UploadTracking extends RegistrationProgress {
  /** The source, with its bytes counted as they are read. */
  counting(source: BaselineSource): BaselineSource;
}

/** The progress of uploads, in the database, so that any process can say how far another one is. */
export class BaselineUploads {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
  ) {}

  /**
   * Runs a registration and writes down how far it is, under an id that the client has chosen.
   *
   * @throws LeewayError `already-exists` for an id that is under way or was done, and what `work` throws
   */
  async track<T>(
    modelName: string,
    versionName: string,
    uploadId: string,
    work: (upload: UploadTracking) => Promise<T>,
  ): Promise<T> {
    const version = await this.models.getVersion(modelName, versionName);
    await this.begin(version, uploadId);
    const upload = new TrackedUpload(this.database, version.id, uploadId);
    const timer = setInterval(() => upload.write(), WRITE_EVERY_MS);
    try {
      return await work(upload);
    } catch (error) {
      await upload.fail(error);
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  /** @throws LeewayError `not-found` */
  async get(modelName: string, versionName: string, uploadId: string): Promise<BaselineUpload> {
    const version = await this.models.getVersion(modelName, versionName);
    const [row] = await this.database.query<UploadRow>(
      `select *, ${IS_SILENT} as is_silent from baseline_upload where version_id = $1 and upload_id = $2`,
      [version.id, uploadId],
    );
    if (row === undefined)
      throw new LeewayError(
        'not-found',
        `version ${JSON.stringify(versionName)} has no upload ${JSON.stringify(uploadId)}; what has become of one is known for a day`,
      );
    return toUpload(version, row);
  }

  /** Forgets uploads of which nothing was heard since `before`. Served by baseline_upload_age. */
  async deleteBefore(before: Instant): Promise<void> {
    await this.database.query('delete from baseline_upload where updated_at < $1', [toRfc3339(before)]);
  }

  /** An id whose upload failed, or whose process is gone, may be used again. */
  private async begin({ id, name }: Version, uploadId: string): Promise<void> {
    const taken = await this.database.query(
      `insert into baseline_upload as u (version_id, upload_id, state) values ($1, $2, 'reading')
         on conflict (version_id, upload_id) do update
            set state = 'reading', byte_count = 0, row_count = 0, problem = null, started_at = now(), updated_at = now()
          where u.state = 'failed' or (u.${IS_SILENT.replace('updated_at', 'u.updated_at')})
       returning 1`,
      [id, uploadId],
    );
    if (taken.length === 0)
      throw new LeewayError(
        'already-exists',
        `version ${JSON.stringify(name)} has an upload ${JSON.stringify(uploadId)} already; choose an id for each upload`,
      );
  }
}

class TrackedUpload implements UploadTracking {
  private byteCount = 0;
  private rowCount = 0;
  private state: UploadState = 'reading';
  private writing: Promise<unknown> = Promise.resolve();
  private isWriting = false;

  constructor(
    private readonly database: Database,
    private readonly versionId: string,
    private readonly uploadId: string,
  ) {}

  rows(count: number): void {
    this.rowCount += count;
  }

  storing(): void {
    this.state = 'storing';
  }

  async stored(tx: Transaction, baselineId: string): Promise<void> {
    await tx.query(
      `update baseline_upload set state = 'done', baseline_id = $5, byte_count = $3, row_count = $4, updated_at = now()
        where version_id = $1 and upload_id = $2`,
      [...this.counts(), baselineId],
    );
  }

  /** Writes down how far it is, unless the last time is not over. What the transaction of the baseline wrote stays. */
  write(): void {
    if (this.isWriting) return;
    this.isWriting = true;
    this.writing = this.database
      .query(
        `update baseline_upload set state = $5, byte_count = $3, row_count = $4, updated_at = now()
          where version_id = $1 and upload_id = $2 and state in ('reading', 'storing')`,
        [...this.counts(), this.state],
      )
      // The next one may succeed; silence is what is reported where none does.
      .catch(() => undefined)
      .finally(() => (this.isWriting = false));
  }

  async fail(error: unknown): Promise<void> {
    await this.writing;
    const problem: UploadProblem =
      error instanceof LeewayError
        ? { code: error.code, detail: error.message, places: error.places }
        : {
            code: 'internal',
            detail: 'something went wrong inside Leeway; its log has the details',
            places: [],
          };
    await this.database
      .query(
        `update baseline_upload set state = 'failed', problem = $5, byte_count = $3, row_count = $4, updated_at = now()
          where version_id = $1 and upload_id = $2 and state <> 'done'`,
        [...this.counts(), JSON.stringify(problem)],
      )
      .catch(() => undefined);
  }

  counting(source: BaselineSource): BaselineSource {
    if (!('stream' in source)) return source;
    return { ...source, stream: this.counted(source.stream) };
  }

  private async *counted(stream: ByteStream): ByteStream {
    for await (const chunk of stream) {
      this.byteCount += chunk.length;
      yield chunk;
    }
  }

  private counts(): [string, string, number, number] {
    return [this.versionId, this.uploadId, this.byteCount, this.rowCount];
  }
}

/** An upload whose process is gone has failed, though nobody was left to write that down. */
function toUpload({ name, model }: Version, row: UploadRow): BaselineUpload {
  const gone: UploadProblem = {
    code: 'upload-interrupted',
    detail: 'the process that read the upload is gone; nothing was stored, send it again',
    places: [],
  };
  return {
    uploadId: row.upload_id,
    model: model.name,
    version: name,
    state: row.is_silent ? 'failed' : row.state,
    byteCount: Number(row.byte_count),
    rowCount: Number(row.row_count),
    baselineId: row.baseline_id,
    problem: row.is_silent ? gone : row.problem,
    startedAt: row.started_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
