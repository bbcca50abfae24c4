import { z } from 'zod';
import { nameSchema, type OutboundMetrics } from '#platform';
import { accessFields } from './collector-access.js';
import { vectorQuery } from './lines/promql.js';
import type { Problem } from './metrics-source.js';
import { PrometheusClient } from './prometheus/prometheus-client.js';
import { inTurn } from './prometheus/in-turn.js';
import { PRESET_NAMES, PRESETS, type PresetName } from './presets/presets.js';

/** A Prometheus to look into. Its token is used for these queries and kept nowhere. */
export const detectSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe('The server, with its path prefix when it has one'),
  model: nameSchema
    .optional()
    .describe('Only what is about this model; everything that is found when it is left out'),
  headers: accessFields.headers,
  bearerToken: z
    .string()
    .min(1)
    .max(10_000)
    .optional()
    .describe('The token itself: an API must not read secrets of the server'),
});
export type DetectRequest = z.input<typeof detectSchema>;

/** A preset whose metrics are there, and the entry of `collectors` that reads them. */
export interface PresetProposal {
  readonly preset: PresetName;
  readonly title: string;
  /** What the series say of whom they are about: one value for each parameter that they tell. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly seriesCount: number;
  readonly remarks: readonly string[];
  readonly collector: ProposedCollector;
}

export interface ProposedCollector {
  readonly name: string;
  readonly model: string;
  readonly kind: 'prometheus';
  readonly url: string;
  readonly presets: readonly [
    { readonly preset: PresetName; readonly parameters: Readonly<Record<string, string>> },
  ];
}

export interface Detection {
  readonly proposals: readonly PresetProposal[];
  /** Presets that could not be asked for, and those with more models than are listed. */
  readonly problems: readonly string[];
}

const TIMEOUT_MS = 10_000;
const QUERIES_AT_ONCE = 4;
/** Proposals of one preset. A mesh has a service for everything. */
const MAX_PROPOSALS = 20;
/** The preset of the machines that a model runs on is not about a model. */
const NO_MODEL = 'unnamed-model';

/**
 * Asks a Prometheus which presets fit: whose metrics it has, for which models, and proposes a collector for each. A proposal takes the
 * model from the label that names it, so it is to be read before it is used.
 */
export async function detectPresets(
  request: DetectRequest,
  { metrics }: { readonly metrics: OutboundMetrics },
  at: number,
  signal: AbortSignal,
): Promise<Detection> {
  const { bearerToken, headers: given = {} } = request;
  const headers = bearerToken === undefined ? given : { ...given, authorization: `Bearer ${bearerToken}` };
  const client = new PrometheusClient(
    {
      ...{ urls: [request.url], headers: () => headers, timeoutMs: TIMEOUT_MS },
      ...{ target: 'collectors:detect', lookBackMs: null, agent: null },
    },
    metrics,
  );
  const found = await inTurn(PRESET_NAMES, QUERIES_AT_ONCE, (name) =>
    look(client, name, request, at, signal),
  );
  return {
    proposals: found.flatMap(({ proposals }) => proposals),
    problems: [...new Set(found.flatMap(({ problems }) => problems.map(({ detail }) => detail)))],
  };
}

async function look(
  client: PrometheusClient,
  name: PresetName,
  request: DetectRequest,
  at: number,
  signal: AbortSignal,
): Promise<{ proposals: PresetProposal[]; problems: readonly Problem[] }> {
  const { series, labels } = PRESETS[name].signature;
  const vector = { metrics: [series], of: 'value', where: {}, across: 'sum' } as const;
  const kept = [...new Set(Object.values(labels))];
  const query = vectorQuery(vector, kept, { windowMs: 0, staleAfterMs: null }).replace(/^sum/, 'count');
  const outcome = await client.query(query, at, signal);
  if (outcome.kind === 'failed') return { proposals: [], problems: [outcome.problem] };
  const proposals = outcome.series
    .map((found) => propose(name, found, request))
    .filter(({ collector }) => isAbout(name, collector, request.model))
    .sort((a, b) => b.seriesCount - a.seriesCount);
  const problems: Problem[] = [...outcome.problems];
  if (proposals.length > MAX_PROPOSALS)
    problems.push({
      reason: 'incomplete',
      detail: `${name}: ${proposals.length} fit and ${MAX_PROPOSALS} are listed: ask for one model`,
    });
  return { proposals: proposals.slice(0, MAX_PROPOSALS), problems };
}

function propose(
  name: PresetName,
  { labels, value }: { readonly labels: Readonly<Record<string, string>>; readonly value: number },
  { url, model }: DetectRequest,
): PresetProposal {
  const { signature, title, remarks, modelParameter } = PRESETS[name];
  const parameters = Object.fromEntries(
    Object.entries(signature.labels).flatMap(([parameter, label]) =>
      (labels[label] ?? '') === '' ? [] : [[parameter, labels[label] ?? '']],
    ),
  );
  const named = modelParameter === null ? undefined : parameters[modelParameter];
  const about = model ?? asName(named ?? parameters['job'] ?? NO_MODEL);
  const collector: ProposedCollector = {
    ...{ name: asName(`${about}-${name}`), model: about, kind: 'prometheus', url },
    presets: [{ preset: name, parameters }],
  };
  return { preset: name, title, parameters, seriesCount: value, remarks, collector };
}

/** Whether a proposal is about the model that was asked for: by its name, or because nothing says whom it is about. */
function isAbout(
  name: PresetName,
  { presets: [{ parameters }] }: ProposedCollector,
  model: string | undefined,
): boolean {
  const { modelParameter } = PRESETS[name];
  const named = modelParameter === null ? undefined : parameters[modelParameter];
  if (model === undefined || named === undefined) return true;
  const [asked, found] = [asName(model), asName(named)];
  return found === asked || found.startsWith(`${asked}-`);
}

/** A text as a name of Leeway: letters, digits, dots, dashes and underscores. */
function asName(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100);
  return name === '' ? NO_MODEL : name;
}
