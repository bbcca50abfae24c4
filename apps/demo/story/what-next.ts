import { MODEL } from '../flight-delay.js';
import type { LiveStage } from './stage.js';

/** Keeps the traffic going and says what can be looked at. */
export function whatToOpenNext({ terminal, leeway, adminKey, replay, slack }: LiveStage): void {
  replay.start();
  terminal.title('It stays up, with traffic, until Ctrl-C.');
  terminal.table(
    ['what to open next', ''],
    [
      [`${leeway.url}/api/docs`, 'the API, to browse'],
      [`${leeway.url}/metrics`, "Leeway's own metrics: drift scores, alert states, ingest"],
      [`${slack.url}/messages`, 'what Slack received'],
      ['apps/demo/leeway.yaml', 'the whole configuration of what you saw'],
      ['apps/demo/retraining-consumer', 'a receiver of the retraining webhook, to copy from'],
      ['README.md', 'how to connect your own model'],
    ],
  );
  terminal.line();
  terminal.line(`export LEEWAY_KEY=${adminKey}`);
  const paths = [
    `/alerts?model=${MODEL}`,
    `/models/${MODEL}/drift-results?monitor=live&limit=1`,
    `/models/${MODEL}/versions/v2/windows?limit=5`,
    `/signals/query?name=latency_p99_seconds&model=${MODEL}`,
    `/retraining-runs?model=${MODEL}`,
  ];
  for (const path of paths)
    terminal.line(`curl -s -H "Authorization: Bearer $LEEWAY_KEY" '${leeway.url}/api/v1${path}'`);
}
