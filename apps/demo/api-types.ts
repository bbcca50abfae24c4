/** What Leeway's REST API takes and answers, as far as the demo looks at it. */

export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export interface Column {
  readonly name: string;
  readonly role: 'feature' | 'prediction' | 'score' | 'groundTruth' | 'segment';
  readonly type: 'numeric' | 'categorical' | 'boolean' | 'text';
}

export interface NewVersion {
  readonly name: string;
  readonly description?: string;
  readonly columns: readonly Column[];
}

export interface Version extends NewVersion {
  readonly model: string;
}

export type BaselineType = 'text/csv' | 'application/x-ndjson' | 'application/vnd.apache.parquet';

export interface Baseline {
  readonly id: string;
  readonly version: string;
  readonly source: string;
  readonly rowCount: number;
  readonly gridHash: string;
}

/** A row that was served. */
export interface InferenceRow {
  readonly inferenceId?: string;
  readonly timestamp?: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Payload {
  readonly payloadId?: string;
  readonly rows: readonly InferenceRow[];
}

export interface Receipt {
  readonly payloadId: string;
  readonly status: 'accepted' | 'duplicate';
  readonly receivedCount: number;
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  readonly rejections: readonly {
    readonly row: number;
    readonly column: string | null;
    readonly reason: string;
    readonly message: string;
  }[];
}

export interface Window {
  readonly start: string;
  readonly end: string;
  readonly rowCount: number;
  readonly rejectedCount: number;
  readonly rejections: Readonly<Record<string, number>>;
}

export interface CapturedRow {
  readonly inferenceId: string;
  readonly timestamp: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface DriftQuestion {
  readonly from: string;
  readonly to: string;
  readonly columns?: readonly string[];
}

export type Verdict = 'ok' | 'warning' | 'drifted' | 'insufficient';

export interface ColumnDrift {
  readonly column: string;
  readonly kind: 'numeric' | 'categorical' | 'text';
  readonly verdict: Verdict;
  readonly reason: string;
  readonly explanation: string;
  readonly baselineCount: number;
  readonly windowCount: number;
  /** Nats. */
  readonly psi: number | null;
  /** The exact Kolmogorov–Smirnov statistic lies in [ks, ksUpperBound]. */
  readonly ks: number | null;
  readonly ksUpperBound: number | null;
}

export interface DriftResult {
  readonly version: string;
  readonly verdict: Verdict;
  readonly reason: string;
  readonly from: string;
  readonly to: string;
  readonly rowCount: number;
  readonly columns: readonly ColumnDrift[];
}

export interface NewDeployment {
  readonly version: string;
  readonly revision?: string;
  readonly description?: string;
}

export interface Deployment extends NewDeployment {
  readonly id: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface Diagnosis {
  readonly action: string;
  readonly summary: string;
  readonly evidence: readonly string[];
}

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly severity: string;
  readonly state: 'pending' | 'firing' | 'resolved';
  readonly endReason: 'resolved' | 'superseded' | null;
  readonly activeAt: string;
  readonly firedAt: string | null;
  readonly endedAt: string | null;
  readonly value: number | null;
  readonly summary: string;
  readonly diagnosis: Diagnosis | null;
}

export interface AlertWithHistory extends Alert {
  readonly history: readonly {
    readonly at: string;
    readonly from: string;
    readonly to: string;
    readonly cause: string;
  }[];
}

export interface RunStep {
  readonly status: string;
  readonly at: string;
  readonly reason: string;
}

export interface RetrainingRun {
  readonly id: string;
  readonly trigger: string;
  readonly version: string;
  readonly alertId: string | null;
  readonly status: 'refused' | 'requested' | 'submitted' | 'running' | 'succeeded' | 'failed' | 'timed-out';
  readonly reason: string;
  readonly webhookId: string;
  readonly newVersion: string | null;
  readonly history: readonly RunStep[];
}

export interface RunReport {
  readonly status: 'running' | 'succeeded' | 'failed';
  readonly newVersion?: string;
  readonly message?: string;
}

export interface Notification {
  readonly id: string;
  readonly channel: string;
  readonly kind: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
}

export interface Signal {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly unit: string;
  readonly lastAt: string | null;
  readonly lastValue: number | null;
}

export type Scope = 'ingest' | 'read' | 'admin';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly key: string;
}

/** What Leeway's retraining webhook says (Standard Webhooks). */
export interface RetrainingRequested {
  readonly type: 'retraining.requested';
  readonly timestamp: string;
  readonly data: {
    readonly runId: string;
    readonly trigger: string;
    readonly model: string;
    readonly version: string;
    readonly reason: string;
    readonly alert: { readonly id: string; readonly rule: string; readonly summary: string };
    readonly diagnosis: Diagnosis;
    /** Where the rows to retrain on are listed. */
    readonly capturedRows: { readonly from: string; readonly to: string | null; readonly url: string };
    readonly runUrl: string;
    readonly parameters: Readonly<Record<string, unknown>>;
  };
}
