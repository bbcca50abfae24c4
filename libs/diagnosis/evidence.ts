import type { Instant, Sql } from '#platform';
import { latestDriftResult, type DriftResult } from '#drift';
import { recentDeployments, type ColumnRole, type Deployment } from '#registry';
import type { Evidence } from './diagnosis.js';

/** The alert that evidence is gathered for. */
export interface EvidenceRequest {
  readonly signal: string;
  readonly model: string;
  readonly version: string | null;
  readonly monitor: string | null;
  readonly activeAt: Instant;
  readonly deploymentLookbackMs: number;
}

export interface GatheredEvidence extends Evidence {
  /** The drift result that the columns come from, or null. */
  readonly drift: (DriftResult & { readonly id: string }) | null;
}

/** Reads what is known around an alert, in the transaction that decides it. */
export async function gatherEvidence(sql: Sql, request: EvidenceRequest): Promise<GatheredEvidence> {
  const { signal, model, version, monitor, activeAt, deploymentLookbackMs } = request;
  const drift = await latestDriftResult(sql, model, version, monitor);
  const roles = drift === null ? new Map<string, ColumnRole>() : await columnRoles(sql, model, drift.version);
  const deployments = await recentDeployments(sql, model, new Date(activeAt - deploymentLookbackMs));
  return {
    signal,
    activeAt,
    deploymentLookbackMs,
    drift,
    columns: (drift?.columns ?? []).map((column) => ({
      column: column.column,
      role: roles.get(column.column) ?? 'feature',
      verdict: column.verdict,
      psi: column.psi,
      ks: column.ks,
      explanation: column.explanation,
      scale: column.scale,
      missingShare: column.missingShare,
      baselineMissingShare: column.baselineMissingShare,
    })),
    deployments: deployments.map((deployment) => ({
      version: deployment.version,
      revision: deployment.revision,
      environment: deployment.environment,
      startedAt: Date.parse(deployment.startedAt),
      previous: previousOf(deployment, deployments),
    })),
  };
}

function previousOf(
  deployment: Deployment,
  all: readonly Deployment[],
): { version: string; revision: string | null } | null {
  const earlier = all.find(
    ({ environment, kind, startedAt, id }) =>
      environment === deployment.environment &&
      kind === 'full' &&
      id !== deployment.id &&
      startedAt <= deployment.startedAt,
  );
  return earlier === undefined ? null : { version: earlier.version, revision: earlier.revision };
}

async function columnRoles(sql: Sql, model: string, version: string): Promise<Map<string, ColumnRole>> {
  const rows = await sql.query<{ name: string; role: ColumnRole }>(
    `select c ->> 'name' as name, c ->> 'role' as role
       from version v join model m on m.id = v.model_id, jsonb_array_elements(v.spec -> 'columns') as c
      where m.name = $1 and v.name = $2`,
    [model, version],
  );
  return new Map(rows.map(({ name, role }) => [name, role]));
}
