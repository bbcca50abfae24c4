import type { AlertNotification, NotifiedAlert } from './notifier.js';

/** An alert as tests need one; what matters to a test is given. */
export function anAlert(more: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return {
    id: '7',
    rule: 'flight-delay-drift',
    severity: 'critical',
    state: 'firing',
    labels: { model: 'flight-delay', version: 'v1', monitor: 'live' },
    summary: 'Traffic of flight-delay v1 has drifted away from its training data',
    description: 'Compared over the last 24 hours.',
    diagnosis: {
      action: 'retrain',
      summary: 'Three of four features moved and no deployment explains it.',
      evidence: [
        'distance: PSI 0.41 (threshold 0.2), median 732 → 1,240',
        'origin: 31 % of rows have values that training never saw',
      ],
    },
    firedAt: '2026-11-23T02:58:00.000Z',
    endedAt: null,
    url: 'http://leeway.example/api/v1/alerts/7',
    runbookUrl: 'https://wiki.example/runbooks/drift?a=1&b=2',
    retraining: 'requested (run 12)',
    ...more,
  };
}

/** A notification of these alerts. */
export function aNotification(more: Partial<AlertNotification> = {}): AlertNotification {
  return {
    id: 'notification-1',
    reason: 'first-notification',
    model: 'flight-delay',
    createdAt: '2026-11-23T03:00:30.000Z',
    alerts: [anAlert()],
    ...more,
  };
}
