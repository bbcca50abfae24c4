import { readFileSync, existsSync } from 'node:fs';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { collectorProblem, collectorSchema } from '#collectors';
import { monitorSchema } from '#drift';
import { secretsOf, sourceSchema } from '#ingest';
import { channelSchema, isSigningSecret, SECRET_FORM } from '#notify';
import {
  durationSchema,
  positiveDurationSchema,
  messageOf,
  type Parsed,
  type ResolveSecret,
} from '#platform';
import { modelSchema } from '#registry';
import { triggerSchema } from '#retraining';
import { ruleSchema } from '#rules';

/** Everything that leeway.yaml may say. The parts are the same schemas as the bodies of the REST API. */
export const configSchema = z.strictObject({
  evaluation: z
    .strictObject({
      interval: positiveDurationSchema.default('15s').describe('How often monitors and rules are looked at'),
      lateness: durationSchema
        .optional()
        .describe(
          'How long after its end a window waits for late rows before it is judged; by default as long as the window is (the grain of its model)',
        ),
    })
    .default({ interval: '15s' }),
  diagnosis: z
    .strictObject({
      deploymentLookback: positiveDurationSchema
        .default('1h')
        .describe('How long before an alert a deployment is a suspect'),
    })
    .default({ deploymentLookback: '1h' }),
  retention: z
    .strictObject({
      windows: positiveDurationSchema.default('90d').describe('Also how old a row may be when it arrives'),
      hourlyRollups: positiveDurationSchema.default('180d').describe('Profiles of whole hours'),
      dailyRollups: positiveDurationSchema.default('730d').describe('Profiles of whole days'),
      capturedRows: positiveDurationSchema.default('30d'),
      groundTruth: positiveDurationSchema
        .default('90d')
        .describe('What really happened, from when it arrived on'),
      performance: positiveDurationSchema.default('365d'),
      signals: positiveDurationSchema.default('30d'),
      driftResults: positiveDurationSchema.default('90d'),
      messages: positiveDurationSchema.default('30d').describe('Messages that were delivered or given up'),
      deadLetters: positiveDurationSchema
        .default('30d')
        .describe('Messages of sources that could not be counted'),
    })
    .default({
      windows: '90d',
      hourlyRollups: '180d',
      dailyRollups: '730d',
      capturedRows: '30d',
      groundTruth: '90d',
      performance: '365d',
      signals: '30d',
      driftResults: '90d',
      messages: '30d',
      deadLetters: '30d',
    }),
  channels: z.array(channelSchema).default([]),
  models: z.array(modelSchema.extend({ monitors: z.array(monitorSchema).default([]) })).default([]),
  rules: z.array(ruleSchema).default([]),
  triggers: z.array(triggerSchema).default([]),
  collectors: z.array(collectorSchema).default([]),
  sources: z.array(sourceSchema).default([]),
});

export type LeewayConfig = z.infer<typeof configSchema>;

type Env = Readonly<Record<string, string | undefined>>;

/** Reads leeway.yaml: variables, YAML, schema, and what must fit together across its parts. Names every problem. */
export function parseConfigFile(text: string, env: Env): Parsed<LeewayConfig> {
  let document: unknown;
  try {
    document = parseYaml(text) ?? {};
  } catch (error) {
    return {
      ok: false,
      problems: [
        error instanceof YAMLParseError ? (error.message.split('\n')[0] ?? 'not YAML') : messageOf(error),
      ],
    };
  }
  const problems: string[] = [];
  const result = configSchema.safeParse(substitute(document, env, problems));
  if (!result.success)
    problems.push(...result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  else problems.push(...crossCheck(result.data));
  return problems.length > 0 || !result.success ? { ok: false, problems } : { ok: true, value: result.data };
}

/** The configuration at `path`, or the defaults when no path was given and ./leeway.yaml does not exist. */
export function readConfig(path: string | null, env: Env): Parsed<LeewayConfig> {
  const chosen = path ?? 'leeway.yaml';
  if (path === null && !existsSync(chosen)) return { ok: true, value: configSchema.parse({}) };
  let text: string;
  try {
    text = readFileSync(chosen, 'utf8');
  } catch (error) {
    return { ok: false, problems: [`${chosen}: ${messageOf(error)}`] };
  }
  const parsed = parseConfigFile(text, env);
  return parsed.ok
    ? parsed
    : { ok: false, problems: parsed.problems.map((problem) => `${chosen}: ${problem}`) };
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/** Replaces ${NAME} and ${NAME:-default} in every text of the document; a text that is one number stays a text. */
function substitute(value: unknown, env: Env, problems: string[]): unknown {
  if (typeof value === 'string') {
    return value.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
      const found = env[name] ?? fallback;
      if (found === undefined)
        problems.push(`the environment variable ${name} is not set and has no default`);
      return found ?? '';
    });
  }
  if (Array.isArray(value)) return value.map((each) => substitute(each, env, problems));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, substitute(each, env, problems)]),
    );
  }
  return value;
}

/** The secrets of channels, triggers, collectors and sources that cannot be read, each with where it is asked for. */
export function secretProblems(config: LeewayConfig, resolve: ResolveSecret): string[] {
  const references = [
    ...config.channels.map((channel, index) =>
      channel.kind === 'slack'
        ? ([`channels.${index}.webhookUrl`, channel.webhookUrl, false] as const)
        : ([`channels.${index}.secret`, channel.secret, true] as const),
    ),
    ...config.triggers.map(({ secret }, index) => [`triggers.${index}.secret`, secret, true] as const),
    ...config.collectors.flatMap(({ bearerToken, basicAuth }, index) => [
      [`collectors.${index}.bearerToken`, bearerToken, false] as const,
      [`collectors.${index}.basicAuth.password`, basicAuth?.password, false] as const,
    ]),
    ...config.sources.flatMap((source, index) =>
      secretsOf(source).map(([place, ref]) => [`sources.${index}.${place}`, ref, false] as const),
    ),
  ];
  return references.flatMap(([place, reference, isSigning]) => {
    if (reference === undefined) return [];
    try {
      const secret = resolve(reference);
      return isSigning && !isSigningSecret(secret)
        ? [`${place}: a signing secret must be ${SECRET_FORM}`]
        : [];
    } catch (error) {
      return [`${place}: ${messageOf(error)}`];
    }
  });
}

/** What no schema can see: names that stand twice or that nothing defines. */
function crossCheck(config: LeewayConfig): string[] {
  const channels = new Set(config.channels.map(({ name }) => name));
  const triggers = new Set(config.triggers.map(({ name }) => name));
  const unknownTargets = config.rules.flatMap((rule, index) => [
    ...rule.channels
      .filter((name) => !channels.has(name))
      .map((name) => `rules.${index}.channels: there is no channel ${JSON.stringify(name)}`),
    ...(rule.trigger === undefined || triggers.has(rule.trigger)
      ? []
      : [`rules.${index}.trigger: there is no trigger ${JSON.stringify(rule.trigger)}`]),
  ]);
  const lists = {
    channels: config.channels,
    models: config.models,
    rules: config.rules,
    triggers: config.triggers,
    collectors: config.collectors,
    sources: config.sources,
  };
  const repeated = Object.entries(lists).flatMap(([list, entries]) => {
    const names = entries.map(({ name }) => name);
    return names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => `${list}: the name ${JSON.stringify(name)} stands twice`);
  });
  // Two members of one process would take each other's partitions, and count the same offsets.
  const groups = config.sources.map(({ groupId }) => groupId);
  const sharedGroups = config.sources
    .filter(({ groupId }, index) => groups.indexOf(groupId) !== index)
    .map(({ groupId }) => `sources: the groupId ${JSON.stringify(groupId)} stands twice`);
  const collectors = config.collectors.flatMap((spec, index) => {
    const problem = collectorProblem(spec);
    return problem === null ? [] : [`collectors.${index}: ${problem}`];
  });
  return [...unknownTargets, ...repeated, ...sharedGroups, ...collectors];
}
