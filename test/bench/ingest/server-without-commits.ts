/**
 * Leeway's server with commits switched off: payloads are decoded, folded and written out as SQL would take them, and nothing goes to the
 * database. What durability costs is the difference to the real one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '#platform';

/** Without any, each payload would be a group of its own, which costs more than it saves. */
const ANSWER_MS = 5;

const query = Database.prototype.query;
let isOpen = false;

/** The one statement that writes a commit is answered as if it had been carried out; every other one is real. */
Database.prototype.query = function <Row extends object>(
  this: Database,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  if (isOpen && text.includes('insert into window_delta')) return sleep(ANSWER_MS, []);
  return query.call(this, text, values) as Promise<Row[]>;
};

// The benchmark says when the set-up is over: what it registers is real.
process.on('SIGUSR2', () => {
  isOpen = true;
});
await import('../../../apps/server/main.js');
