import { Database, messageOf, parseEnvironment } from '#platform';
import { MIGRATIONS } from '../../migrations/index.js';

/**
 * `migration:run` brings the schema up to date without starting the server, for those who do that before a roll-out;
 * `migration:show` lists what ran. The server runs open migrations at its start by itself.
 */
async function main(command: string | undefined): Promise<void> {
  const environment = parseEnvironment(process.env);
  if (!environment.ok) throw new Error(environment.problems.join('\n'));
  if (command !== 'run' && command !== 'show') throw new Error('say "run" or "show"');
  const { databaseUrl, dataDir } = environment.value;
  const database = await Database.open({
    databaseUrl,
    dataDir,
    entities: [],
    migrations: command === 'run' ? MIGRATIONS : [],
  });
  try {
    const ran = await database
      .query<{ name: string }>(`select name from schema_migration order by id`)
      .catch(() => []);
    const names = new Set(ran.map(({ name }) => name));
    for (const { name } of MIGRATIONS) process.stdout.write(`${names.has(name) ? 'ran ' : 'open'} ${name}\n`);
  } finally {
    await database.close();
  }
}

main(process.argv[2]).catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
