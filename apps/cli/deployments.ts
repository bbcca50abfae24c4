import { InvalidArgumentError, Option, type Command } from 'commander';
import { Refusal } from './api.js';
import type { Tools } from './tools.js';

interface Deployment {
  readonly id: string;
  readonly version: string;
  readonly environment: string;
  readonly kind: string;
  readonly trafficShare: number | null;
  readonly origin: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

interface RecordOptions {
  readonly model: string;
  readonly version: string;
  readonly environment?: string;
  readonly kind?: string;
  readonly trafficShare?: number;
  readonly revision?: string;
  readonly description?: string;
}

/** `leeway deployments`: what went live when. */
export function addDeployments(program: Command, tools: (command: Command) => Tools): void {
  const deployments = program.command('deployments').description('what went live when');
  deployments
    .command('record')
    .description('say that a version went live')
    .requiredOption('--model <name>')
    .requiredOption('--version <name>')
    .option('--environment <name>', 'production without it')
    .addOption(
      new Option('--kind <kind>', 'full without it').choices(['full', 'canary', 'shadow', 'blue-green']),
    )
    .option('--traffic-share <share>', 'from 0 to 1', shareOf)
    .option('--revision <text>', 'what was deployed: an image tag or a commit')
    .option('--description <text>')
    .action((options: RecordOptions, command: Command) => record(tools(command), options));
  deployments
    .command('list')
    .description('the newest deployments of a model')
    .requiredOption('--model <name>')
    .option('--limit <count>', 'how many', '20')
    .action(async ({ model, limit }: { model: string; limit: string }, command: Command) => {
      const { call, isJson, out } = tools(command);
      const query = new URLSearchParams({ limit });
      const answer = await call(
        'GET',
        `/models/${encodeURIComponent(model)}/deployments?${query.toString()}`,
      );
      const { items } = answer as { items: readonly Deployment[] };
      out(isJson ? json(answer) : items.map(line).join(''));
    });
  deployments
    .command('share')
    .description('change the share of the traffic that a deployment takes')
    .argument('<id>')
    .argument('<share>', 'from 0 to 1', shareOf)
    .action(async (id: string, trafficShare: number, _options: object, command: Command) => {
      const { call, isJson, out } = tools(command);
      const answer = await call('PATCH', `/deployments/${encodeURIComponent(id)}`, { trafficShare });
      out(isJson ? json(answer) : line(answer as Deployment));
    });
  deployments
    .command('end')
    .description('end a deployment now')
    .argument('<id>')
    .action(async (id: string, _options: object, command: Command) => {
      const { call, isJson, out } = tools(command);
      const answer = await call('POST', `/deployments/${encodeURIComponent(id)}/end`);
      out(isJson ? json(answer) : line(answer as Deployment));
    });
}

/** A CI step that runs again is done, not refused. */
async function record(tools: Tools, { model, ...spec }: RecordOptions): Promise<void> {
  try {
    const answer = await tools.call('POST', `/models/${encodeURIComponent(model)}/deployments`, spec);
    tools.out(tools.isJson ? json(answer) : line(answer as Deployment));
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'already-exists') throw error;
    tools.remark(`nothing to do: ${error.message}\n`);
  }
}

function line({ id, version, environment, kind, trafficShare, startedAt, endedAt }: Deployment): string {
  const share =
    trafficShare === null ? 'of an unknown share' : `of ${Math.round(trafficShare * 1_000) / 10}%`;
  const ended = endedAt === null ? '' : ` until ${endedAt}`;
  return `${id}  ${version}  ${environment}  ${kind} ${share}  since ${startedAt}${ended}\n`;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (text.trim() === '' || !(share >= 0 && share <= 1))
    throw new InvalidArgumentError('it must be a number from 0 to 1');
  return share;
}

function json(answer: unknown): string {
  return `${JSON.stringify(answer, null, 2)}\n`;
}
