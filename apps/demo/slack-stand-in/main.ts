import { startSlackStandIn } from './server.js';

const port = Number(process.env['PORT'] ?? '0');
if (!Number.isInteger(port) || port < 0 || port > 65_535)
  throw new Error(`PORT must be a port or 0, got ${JSON.stringify(process.env['PORT'])}`);

const standIn = await startSlackStandIn({ port, now: () => Date.now() });
process.stdout.write(`Slack stand-in listens on ${standIn.url}\n`);
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void standIn.close());
