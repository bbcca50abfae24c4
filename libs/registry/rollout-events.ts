import { z } from 'zod';
import { instantSchema, nameSchema } from '#platform';

/** What a rollout controller says happened to a version, whichever controller it is. */
export interface RolloutEvent {
  readonly version: string;
  readonly environment: string;
  /** progressing: it takes a share; completed: it takes all; aborted: it is taken back. */
  readonly phase: 'progressing' | 'completed' | 'aborted';
  readonly strategy: 'canary' | 'blue-green';
  /** Null when the controller does not say; then it stays as it is. */
  readonly trafficShare: number | null;
  readonly revision: string | null;
  readonly description: string | null;
  /** RFC 3339; null: now. */
  readonly at: string | null;
}

const environmentSchema = z.string().min(1).max(100);
const strategySchema = z.enum(['canary', 'blue-green']);

/** The body of the notification templates in docs/deployments.md, exactly. */
export const argoRolloutsSchema = z.strictObject({
  model: nameSchema,
  version: nameSchema,
  environment: environmentSchema.default('production'),
  event: z.enum(['progressing', 'completed', 'aborted']),
  strategy: strategySchema.default('canary'),
  weight: z.number().min(0).max(100).nullable().default(null).describe('Percent of the traffic'),
  revision: z.string().max(200).default(''),
  rollout: z.string().max(300).default(''),
});
export type ArgoRolloutsBody = z.infer<typeof argoRolloutsSchema>;

export function argoRolloutsEvent(body: ArgoRolloutsBody): RolloutEvent {
  const { version, environment, event: phase, strategy, weight, revision, rollout } = body;
  return {
    ...{ version, environment, phase, strategy },
    trafficShare: weight === null ? null : weight / 100,
    revision: revision === '' ? null : revision,
    description: rollout === '' ? null : `rollout ${rollout}`,
    at: null,
  };
}

/** What Flagger posts to an `event` or `post-rollout` webhook. Newer ones send more, which is ignored. */
export const flaggerSchema = z.object({
  name: z.string().max(300),
  namespace: z.string().max(300),
  phase: z.string().max(100),
  metadata: z.record(z.string(), z.string().max(10_000)).nullish(),
});
export type FlaggerBody = z.infer<typeof flaggerSchema>;

/** What stands in the URL of the webhook; `metadata` of the webhook goes before it where Flagger sends it. */
export const flaggerQuerySchema = z.strictObject({
  model: nameSchema,
  version: nameSchema.optional(),
  environment: environmentSchema.default('production'),
  strategy: strategySchema.default('canary'),
});
export type FlaggerQuery = z.infer<typeof flaggerQuerySchema>;

/** Flagger's phases. Those that are not here say nothing of the traffic. */
const FLAGGER_PHASES: Readonly<Record<string, RolloutEvent['phase']>> = {
  Initialized: 'completed',
  Waiting: 'progressing',
  Progressing: 'progressing',
  WaitingPromotion: 'progressing',
  Promoting: 'progressing',
  Finalising: 'progressing',
  Succeeded: 'completed',
  Failed: 'aborted',
};
/** The only place where Flagger tells the weight: "Advance podinfo.test canary weight 20". */
const FLAGGER_WEIGHT = /^Advance \S+ canary weight (\d{1,3})\b/;

/** What a Flagger webhook says, or null when it says nothing of a version. */
export function flaggerEvent(body: FlaggerBody, query: FlaggerQuery): RolloutEvent | null {
  const phase = FLAGGER_PHASES[body.phase];
  const metadata = body.metadata ?? {};
  const version = nameSchema.safeParse(metadata['version'] ?? query.version).data;
  if (phase === undefined || version === undefined) return null;
  const weight = Number(FLAGGER_WEIGHT.exec(metadata['eventMessage'] ?? '')?.[1] ?? NaN);
  return {
    ...{ version, phase, environment: query.environment, strategy: query.strategy },
    trafficShare: weight <= 100 ? weight / 100 : null,
    revision: null,
    description: `canary ${body.name}.${body.namespace}`,
    at: flaggerTime(metadata['timestamp']),
  };
}

/** Flagger tells milliseconds since 1970 as text. */
function flaggerTime(timestamp: string | undefined): string | null {
  if (timestamp === undefined || !/^\d{12,13}$/.test(timestamp)) return null;
  return instantSchema.parse(new Date(Number(timestamp)).toISOString());
}
