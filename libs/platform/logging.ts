import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Header and field names whose values never reach a log. */
const REDACTED_PATHS = [
  'req.headers.authorization',
  'headers.authorization',
  '*.authorization',
  '*.secret',
  '*.key',
  '*.webhookUrl',
];

/** A structured logger on standard error, so that standard output stays for people and scripts. */
export function createLogger(level: string, format: 'json' | 'pretty'): Logger {
  const options = { level, redact: { paths: REDACTED_PATHS, censor: '[redacted]' }, base: null };
  if (format === 'json') return pino(options, pino.destination({ dest: 2, sync: false }));
  return pino(options, prettyStream());
}

/** One readable line per record, for a terminal. */
function prettyStream(): { write(line: string): void } {
  return {
    write(line) {
      const { time, level, msg, ...rest } = JSON.parse(line) as { time: number; level: number; msg: string };
      const label = pino.levels.labels[level] ?? String(level);
      const fields = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
      process.stderr.write(`${new Date(time).toISOString()} ${label.padEnd(5)} ${msg}${fields}\n`);
    },
  };
}
