import { InvalidArgumentError, type Command } from 'commander';
import { stringify } from 'yaml';
import { WrongUsage, type Tools } from './tools.js';

interface Detection {
  readonly proposals: readonly {
    readonly preset: string;
    readonly title: string;
    readonly seriesCount: number;
    readonly remarks: readonly string[];
    readonly collector: Readonly<Record<string, unknown>>;
  }[];
  readonly problems: readonly string[];
}

interface DetectOptions {
  readonly url: string;
  readonly model?: string;
  readonly bearerTokenEnv?: string;
  readonly header: Readonly<Record<string, string>>;
}

/** `leeway collectors`: what leeway.yaml could collect. */
export function addCollectors(program: Command, tools: (command: Command) => Tools): void {
  const collectors = program.command('collectors').description('what the server could collect');
  collectors
    .command('detect')
    .description('ask a Prometheus which presets fit, and print `collectors:` for leeway.yaml')
    .requiredOption('--url <url>', 'the Prometheus, as the Leeway server reaches it')
    .option('--model <name>', 'only what is about this model')
    .option('--bearer-token-env <name>', 'the variable that holds the token for the Prometheus')
    .option('--header <name: value>', 'a header for the Prometheus; may be given again', addHeader, {})
    .action(async (options: DetectOptions, command: Command) => detect(tools(command), options));
}

async function detect(tools: Tools, options: DetectOptions): Promise<void> {
  const { url, model, header, bearerTokenEnv } = options;
  const bearerToken = bearerTokenEnv === undefined ? undefined : tools.env[bearerTokenEnv];
  if (bearerTokenEnv !== undefined && (bearerToken === undefined || bearerToken === ''))
    throw new WrongUsage(`the variable ${bearerTokenEnv} is not set`);
  const answer = (await tools.call('POST', '/collectors:detect', {
    ...{ url, model, bearerToken },
    ...(Object.keys(header).length === 0 ? {} : { headers: header }),
  })) as Detection;
  if (tools.isJson) return tools.out(`${JSON.stringify(answer, null, 2)}\n`);
  for (const { title, seriesCount, remarks } of answer.proposals)
    tools.remark([`${title}: ${seriesCount} series`, ...remarks].join('; ') + '\n');
  for (const problem of answer.problems) tools.remark(`${problem}\n`);
  if (answer.proposals.length === 0) tools.remark('no preset fits\n');
  // The token was used for this look only: the configuration names the variable that the server will read.
  const access = bearerTokenEnv === undefined ? {} : { bearerToken: { env: bearerTokenEnv } };
  const proposed = answer.proposals.map(({ collector }) => ({ ...collector, ...access }));
  tools.out(stringify({ collectors: proposed }));
}

function addHeader(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('write it as "X-Scope-OrgID: tenant"');
  return { ...before, [name]: value };
}
