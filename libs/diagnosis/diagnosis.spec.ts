import { describe, expect, it } from '@jest/globals';
import { diagnose, type ColumnEvidence, type DeploymentEvidence, type Evidence } from './diagnosis.js';

const MINUTE = 60_000;
const column = (over: Partial<ColumnEvidence> = {}): ColumnEvidence => ({
  column: 'distance',
  role: 'feature',
  verdict: 'drifted',
  psi: 0.4,
  ks: 0.2,
  explanation: 'the median moved',
  scale: null,
  missingShare: 0,
  baselineMissingShare: 0,
  ...over,
});
const kilometres = column({ scale: { factor: 1.609344, ksAfter: 0.01, knownUnit: 'miles → kilometres' } });
const deployment = (minutesBefore: number): DeploymentEvidence => ({
  version: 'v2',
  revision: 'build-9',
  environment: 'production',
  startedAt: 100 * MINUTE - minutesBefore * MINUTE,
  previous: { version: 'v2', revision: 'build-8' },
});
const evidence = (over: Partial<Evidence>): Evidence => ({
  signal: 'model_drift_verdict',
  activeAt: 100 * MINUTE,
  columns: [],
  deployments: [],
  deploymentLookbackMs: 60 * MINUTE,
  ...over,
});

describe('diagnose', () => {
  it.each<[string, Partial<Evidence>, string]>([
    ['inputs that drifted', { columns: [column()] }, 'retrain'],
    [
      'a column that is off by a constant factor',
      { columns: [kilometres, column({ column: 'risk', role: 'score' })] },
      'fix pipeline',
    ],
    [
      'a factor, although something was deployed',
      { columns: [kilometres], deployments: [deployment(1)] },
      'fix pipeline',
    ],
    ['a column that went missing', { columns: [column({ missingShare: 0.6 })] }, 'fix pipeline'],
    [
      'predictions that moved alone after a deployment',
      {
        columns: [column({ role: 'score' }), column({ column: 'x', verdict: 'ok' })],
        deployments: [deployment(2)],
      },
      'roll back',
    ],
    ['predictions that moved alone without one', { columns: [column({ role: 'score' })] }, 'investigate'],
    [
      'latency after a deployment',
      { signal: 'latency_p99_seconds', deployments: [deployment(5)] },
      'roll back',
    ],
    [
      'latency long after a deployment',
      { signal: 'latency_p99_seconds', deployments: [deployment(61)] },
      'investigate',
    ],
    [
      'a deployment that came after the latency',
      { signal: 'latency_p99_seconds', deployments: [deployment(-1)] },
      'investigate',
    ],
    ['rows that do not fit the schema', { signal: 'rejected_row_ratio' }, 'fix client'],
    ['a drift alert without any drifted column', { columns: [column({ verdict: 'ok' })] }, 'investigate'],
  ])('%s: %#', (_name, over, action) => expect(diagnose(evidence(over)).action).toBe(action));

  it('names the factor and the unit, and says not to retrain', () => {
    const { summary } = diagnose(evidence({ columns: [kilometres] }));
    expect(summary).toContain('`distance` is the baseline times 1.61 (miles → kilometres)');
    expect(summary).toContain('do not retrain');
  });

  it('names what to roll back to', () => {
    expect(diagnose(evidence({ signal: 'error_ratio_5xx', deployments: [deployment(5)] })).summary).toBe(
      'It began 300 s after version v2 (build-9) was deployed to production: roll back to version v2 (build-8).',
    );
  });
});
