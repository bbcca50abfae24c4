import { Command, Option } from 'commander';
import { callApi, type Server } from './api.js';
import { addCollectors } from './collectors.js';
import { addDeployments } from './deployments.js';
import { WrongUsage, type Surroundings, type Tools } from './tools.js';

interface GlobalOptions {
  readonly server?: string;
  readonly apiKey?: string;
  readonly json?: true;
}

/** The whole command line. Commands are thin: each asks the REST API and shows what it answers. */
export function createProgram(surroundings: Surroundings): Command {
  const program = new Command('leeway')
    .description('Drift and model-health monitoring: the command line of a Leeway server')
    .addOption(new Option('--server <url>', 'the Leeway server; LEEWAY_URL without it'))
    .addOption(new Option('--api-key <key>', 'an API key; LEEWAY_API_KEY without it'))
    .addOption(new Option('--json', 'answer with the JSON of the API'))
    .exitOverride()
    .configureOutput({ writeOut: surroundings.out, writeErr: surroundings.remark })
    .addHelpText(
      'after',
      '\nEnds with 0: done; 1: the server refused it or cannot be reached; 2: wrong usage.',
    );
  const tools = (command: Command): Tools => {
    const options = command.optsWithGlobals<GlobalOptions>();
    const server = serverOf(options, surroundings.env);
    return {
      ...surroundings,
      isJson: options.json === true,
      call: (method, path, body) => callApi(server, method, path, body),
    };
  };
  addDeployments(program, tools);
  addCollectors(program, tools);
  return program;
}

function serverOf({ server: url, apiKey }: GlobalOptions, env: Surroundings['env']): Server {
  const server = { url: url ?? env['LEEWAY_URL'] ?? '', apiKey: apiKey ?? env['LEEWAY_API_KEY'] ?? '' };
  if (!/^https?:\/\//.test(server.url))
    throw new WrongUsage('say where the server is: --server http://… or LEEWAY_URL');
  if (server.apiKey === '') throw new WrongUsage('an API key is needed: LEEWAY_API_KEY or --api-key');
  return server;
}
