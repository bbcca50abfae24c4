import 'reflect-metadata';
import {
  createLogger,
  LeewayError,
  messageOf,
  parseEnvironment,
  secretResolver,
  systemClock,
} from '#platform';
import { readConfig, secretProblems } from './config.js';
import { startServer } from './server.js';

/** How long a shutdown may drain before the process ends anyway; shorter than Kubernetes' 30 s. */
const SHUTDOWN_TIMEOUT_MS = 20_000;

async function main(): Promise<void> {
  const environment = parseEnvironment(process.env);
  const config = environment.ok
    ? readConfig(environment.value.configPath, process.env)
    : { ok: false as const, problems: [] };
  const problems = [environment, config].flatMap((parsed) => (parsed.ok ? [] : parsed.problems));
  if (config.ok) problems.push(...secretProblems(config.value, secretResolver(process.env)));
  if (!environment.ok || !config.ok || problems.length > 0) {
    process.stderr.write(
      `Leeway cannot start; the configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((problem) => `- ${problem}\n`).join('')}`,
    );
    process.exitCode = 2;
    return;
  }
  const logger = createLogger(environment.value.logLevel, environment.value.logFormat);
  const server = await startServer({
    environment: environment.value,
    config: config.value,
    env: process.env,
    clock: systemClock,
    logger,
  });
  process.stdout.write(`Leeway listens on ${server.url}\n`);
  if (server.generatedKey !== null) process.stdout.write(`Admin key (shown once): ${server.generatedKey}\n`);

  const stop = (signal: string): void => {
    logger.info({ signal }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_TIMEOUT_MS).unref();
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`Leeway cannot start: ${reasonOf(error)}\n`);
  process.exit(1);
});

/** What an operator can mend is one message with its cause; anything else is a bug and brings its stack. */
function reasonOf(error: unknown): string {
  if (!(error instanceof LeewayError)) return String((error as Error).stack ?? error);
  return error.cause === undefined ? error.message : `${error.message} (${messageOf(error.cause)})`;
}
