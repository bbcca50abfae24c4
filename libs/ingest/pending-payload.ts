import type { ColumnBatch, RejectionReason } from '#payloads';
import type { Instant } from '#platform';
import type { VersionContext } from './version-context.js';

/** A decoded payload that waits for its commit. */
export interface PendingPayload {
  readonly context: VersionContext;
  /** Unique over all versions, or null for a payload without an id, which cannot be told from its repetition. */
  readonly key: string | null;
  readonly receivedAt: Instant;
  readonly batch: ColumnBatch;
  readonly rejections: Readonly<Partial<Record<RejectionReason, number>>>;
}

export type CommitOutcome = 'accepted' | 'duplicate';
