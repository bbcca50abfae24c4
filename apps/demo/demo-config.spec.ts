import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { parseConfigFile } from '../server/config.js';
import { MODEL } from './flight-delay.js';
import { PROJECT_ROOT } from './project-root.js';

it('the leeway.yaml of the demo is one that Leeway takes', () => {
  const env = {
    MODEL_SERVER_URL: 'http://127.0.0.1:1',
    RETRAINING_CONSUMER_URL: 'http://127.0.0.1:2',
    SLACK_WEBHOOK_URL: 'http://127.0.0.1:3',
    RETRAIN_WEBHOOK_SECRET: 'whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz',
  };
  const parsed = parseConfigFile(
    readFileSync(join(PROJECT_ROOT, 'apps', 'demo', 'leeway.yaml'), 'utf8'),
    env,
  );
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  expect(parsed.value.models.map(({ name }) => name)).toEqual([MODEL]);
  expect(parsed.value.collectors[0]).toMatchObject({ targets: ['http://127.0.0.1:1/metrics'] });
});
