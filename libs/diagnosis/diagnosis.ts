import type { Instant } from '#platform';
import type { ColumnRole } from '#registry';
import type { ScaleShift, Verdict } from '#stats';

/** What Leeway recommends. The same words in the API, in Slack and in the refusal of a retraining run. */
export const ACTIONS = [
  'fix pipeline',
  'retrain',
  'roll back',
  'fix client',
  'scale out',
  'investigate',
] as const;
export type Action = (typeof ACTIONS)[number];

/** The recommended action, why in one sentence, and the facts that it rests on. */
export interface Diagnosis {
  readonly action: Action;
  readonly summary: string;
  readonly evidence: readonly string[];
}

/** One column's drift, as far as a diagnosis looks at it. */
export interface ColumnEvidence {
  readonly column: string;
  readonly role: ColumnRole;
  readonly verdict: Verdict;
  readonly psi: number | null;
  readonly ks: number | null;
  readonly explanation: string;
  readonly scale: ScaleShift | null;
  /** Shares of missing or invalid values, 0–1, in the window and in the baseline. */
  readonly missingShare: number;
  readonly baselineMissingShare: number;
}

export interface DeploymentEvidence {
  readonly version: string;
  readonly revision: string | null;
  readonly environment: string;
  readonly startedAt: Instant;
  /** What was live before it in that environment, or null. */
  readonly previous: { readonly version: string; readonly revision: string | null } | null;
}

/** Everything around an alert that was looked at. */
export interface Evidence {
  readonly signal: string;
  /** When the condition began to hold. */
  readonly activeAt: Instant;
  readonly columns: readonly ColumnEvidence[];
  /** Deployments of the model, newest first. */
  readonly deployments: readonly DeploymentEvidence[];
  /** How long before the alert a deployment may have begun to be a suspect. */
  readonly deploymentLookbackMs: number;
}

/**
 * A rise of missing values that is a fault of the pipeline and not of the world.
 * Unmeasured: smaller takes seasonal gaps for faults, larger overlooks a broken join of a few sources.
 */
const MISSING_RISE = 0.2;

/** Service signals: what the request path does, not what the data looks like. */
const SERVICE_SIGNAL = /^(latency_|error_ratio_|throughput_|queue_)/;
/** Signals of rows that do not fit the schema. */
const SCHEMA_SIGNAL = /^(rejected_row_ratio|rejected_reason_ratio|unexpected_column_ratio)$/;

/**
 * What to do about an alert, from the evidence alone. Pure.
 *
 * In this order, since the first that holds explains the rest: a schema that no longer fits (fix the client), a
 * deployment just before a change of the service (roll back), a column that is off by a constant factor or went
 * missing (fix the pipeline: retraining on broken data is worse than waiting), predictions that moved without the
 * inputs right after a deployment (roll back), inputs that drifted (retrain); otherwise a person has to look.
 */
export function diagnose(evidence: Evidence): Diagnosis {
  const suspect = suspectDeployment(evidence);
  if (SCHEMA_SIGNAL.test(evidence.signal)) return schemaChanged(suspect);
  if (SERVICE_SIGNAL.test(evidence.signal))
    return suspect === null ? serviceUnexplained(evidence) : deploymentDidIt(suspect, evidence);
  const faults = evidence.columns.flatMap(pipelineFault);
  if (faults.length > 0) return pipelineBroken(faults, evidence);
  const drifted = evidence.columns.filter(({ verdict }) => verdict === 'drifted' || verdict === 'warning');
  const features = drifted.filter(({ role }) => role === 'feature');
  if (features.length === 0 && drifted.length > 0 && suspect !== null)
    return deploymentDidIt(suspect, evidence);
  if (features.some(({ verdict }) => verdict === 'drifted')) return inputsDrifted(features, suspect);
  return unexplained(drifted, suspect);
}

/** The newest deployment that began within the lookback before the alert did, or null. */
function suspectDeployment({
  deployments,
  activeAt,
  deploymentLookbackMs,
}: Evidence): DeploymentEvidence | null {
  return (
    deployments.find(
      ({ startedAt }) => startedAt <= activeAt && activeAt - startedAt <= deploymentLookbackMs,
    ) ?? null
  );
}

/** The sentence about a column that the pipeline broke, if it did. */
function pipelineFault(column: ColumnEvidence): string[] {
  if (column.role !== 'feature') return [];
  if (column.scale !== null && column.verdict !== 'ok') {
    const unit = column.scale.knownUnit === null ? '' : ` (${column.scale.knownUnit})`;
    return [
      `${quoted(column.column)} is the baseline times ${formatNumber(column.scale.factor)}${unit}; scaled back it fits (KS ${formatNumber(column.scale.ksAfter)})`,
    ];
  }
  if (column.missingShare - column.baselineMissingShare >= MISSING_RISE) {
    return [
      `${percent(column.missingShare)} of ${quoted(column.column)} is missing; ${percent(column.baselineMissingShare)} in the baseline`,
    ];
  }
  return [];
}

function pipelineBroken(faults: readonly string[], evidence: Evidence): Diagnosis {
  return {
    action: 'fix pipeline',
    summary: `An upstream change broke the inputs: ${faults[0] ?? ''}. Fix it at its source; do not retrain on these rows.`,
    evidence: [
      ...faults,
      ...evidence.columns.filter(({ verdict }) => verdict === 'drifted').map(describeColumn),
    ],
  };
}

function inputsDrifted(features: readonly ColumnEvidence[], suspect: DeploymentEvidence | null): Diagnosis {
  const names = features.map(({ column }) => quoted(column)).join(', ');
  return {
    action: 'retrain',
    summary: `The inputs have moved away from the training data (${names}), and no constant factor or gap explains it: retrain on recent rows.`,
    evidence: [...features.map(describeColumn), ...describeSuspect(suspect)],
  };
}

function deploymentDidIt(suspect: DeploymentEvidence, { activeAt }: Evidence): Diagnosis {
  const seconds = Math.round((activeAt - suspect.startedAt) / 1_000);
  const target = suspect.previous === null ? 'the version before it' : describeRelease(suspect.previous);
  return {
    action: 'roll back',
    summary: `It began ${seconds} s after ${describeRelease(suspect)} was deployed to ${suspect.environment}: roll back to ${target}.`,
    evidence: describeSuspect(suspect),
  };
}

function schemaChanged(suspect: DeploymentEvidence | null): Diagnosis {
  return {
    action: 'fix client',
    summary:
      'Rows no longer fit the registered schema: the windows name the reasons. Fix the sender, or register the new schema as a version.',
    evidence: describeSuspect(suspect),
  };
}

function serviceUnexplained({ signal }: Evidence): Diagnosis {
  return {
    action: 'investigate',
    summary: `${signal} changed without a deployment before it: look at utilisation, the queue and the dependencies of the service.`,
    evidence: ['no deployment shortly before'],
  };
}

function unexplained(drifted: readonly ColumnEvidence[], suspect: DeploymentEvidence | null): Diagnosis {
  return {
    action: 'investigate',
    summary: 'Nothing that Leeway looks at explains it: compare the distributions in the drift result.',
    evidence: [...drifted.map(describeColumn), ...describeSuspect(suspect)],
  };
}

function describeColumn({ column, psi, ks, explanation }: ColumnEvidence): string {
  const scores = [
    psi === null ? [] : [`PSI ${formatNumber(psi)}`],
    ks === null ? [] : [`KS ${formatNumber(ks)}`],
  ]
    .flat()
    .join(', ');
  return `${quoted(column)} (${scores}): ${explanation}`;
}

function describeSuspect(suspect: DeploymentEvidence | null): string[] {
  if (suspect === null) return [];
  return [
    `${describeRelease(suspect)} was deployed to ${suspect.environment} at ${new Date(suspect.startedAt).toISOString()}`,
  ];
}

function describeRelease({
  version,
  revision,
}: {
  readonly version: string;
  readonly revision: string | null;
}): string {
  return revision === null ? `version ${version}` : `version ${version} (${revision})`;
}

function quoted(name: string): string {
  return `\`${name}\``;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}

function formatNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}
