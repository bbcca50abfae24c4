import { durationMs, toRfc3339, type Clock, type Database, type Instant, type Transaction } from '#platform';
import type { AlertNotification, ChannelSpec, NotifiedAlert, Outbox } from '#notify';
import { toAlert, type Alert, type AlertRow } from './alerts.js';
import { notifyReason, type NotifyReason } from './notify-reason.js';

/** The lock under which groups are decided: two replicas must not both send. */
export const GROUP_LOCK = 7_239_002;

/** Groups alerts by model and decides when a channel hears of them: one message per model, not per alert. */
export class NotificationGroups {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly channels: readonly ChannelSpec[],
    private readonly publicUrl: () => string,
    private readonly clock: Clock,
  ) {}

  async run(): Promise<void> {
    if (this.channels.length === 0) return;
    const sent = await this.database.transaction(async (tx) => {
      await tx.query('select pg_advisory_xact_lock($1)', [GROUP_LOCK]);
      let count = 0;
      for (const channel of this.channels) {
        for (const model of await this.modelsOf(tx, channel.name))
          count += await this.decide(tx, channel, model);
      }
      return count;
    });
    if (sent > 0) this.outbox.wake();
  }

  private async modelsOf(tx: Transaction, channel: string): Promise<string[]> {
    const rows = await tx.query<{ model: string }>(
      `select model from alert where state = 'firing' and $1 = any (channels)
       union select model from notification_group where channel = $1 and notified <> '[]'`,
      [channel],
    );
    return rows.map(({ model }) => model);
  }

  private async decide(tx: Transaction, channel: ChannelSpec, model: string): Promise<number> {
    const now = this.clock.now();
    const [group] = await tx.query<{ notified: string[]; sent_at: Date }>(
      'select notified, sent_at from notification_group where channel = $1 and model = $2',
      [channel.name, model],
    );
    const firing = (
      await tx.query<AlertRow>(
        `select * from alert where state = 'firing' and model = $1 and $2 = any (channels) order by id`,
        [model, channel.name],
      )
    ).map(toAlert);
    const previous =
      group === undefined ? null : { firing: new Set(group.notified), sentAt: group.sent_at.getTime() };
    const timing = {
      groupWaitMs: durationMs(channel.groupWait),
      groupIntervalMs: durationMs(channel.groupInterval),
      repeatIntervalMs: durationMs(channel.repeatInterval),
    };
    const reason = notifyReason(
      previous,
      new Map(firing.map(({ id, firedAt }) => [id, Date.parse(firedAt ?? '')])),
      timing,
      now,
    );
    if (reason === null) return 0;
    const ended = await endedOf(tx, group?.notified ?? [], firing);
    await this.outbox.add(tx, {
      kind: 'notification',
      channel: channel.name,
      model,
      body: this.bodyOf(reason, model, [...firing, ...ended], now),
    });
    await tx.query(
      `insert into notification_group (channel, model, notified, sent_at) values ($1, $2, $3, $4)
         on conflict (channel, model) do update set notified = excluded.notified, sent_at = excluded.sent_at`,
      [channel.name, model, JSON.stringify(firing.map(({ id }) => id)), toRfc3339(now)],
    );
    return 1;
  }

  private bodyOf(
    reason: NotifyReason,
    model: string,
    alerts: readonly Alert[],
    now: Instant,
  ): Omit<AlertNotification, 'id'> {
    return {
      reason,
      model,
      createdAt: toRfc3339(now),
      alerts: alerts.map((alert) => notified(alert, this.publicUrl())),
    };
  }
}

/** The alerts that the receiver knows as firing and that have ended since. */
async function endedOf(
  tx: Transaction,
  notifiedIds: readonly string[],
  firing: readonly Alert[],
): Promise<Alert[]> {
  const still = new Set(firing.map(({ id }) => id));
  const ids = notifiedIds.filter((id) => !still.has(id));
  if (ids.length === 0) return [];
  return (
    await tx.query<AlertRow>('select * from alert where id = any ($1::bigint[]) order by id', [ids])
  ).map(toAlert);
}

function notified(alert: Alert, publicUrl: string): NotifiedAlert {
  return {
    id: alert.id,
    rule: alert.rule,
    severity: alert.severity,
    state: alert.state === 'firing' ? 'firing' : (alert.endReason ?? 'resolved'),
    labels: alert.labels,
    summary: alert.summary,
    description: alert.description,
    diagnosis: alert.diagnosis,
    firedAt: alert.firedAt ?? alert.activeAt,
    endedAt: alert.endedAt,
    url: `${publicUrl}/api/v1/alerts/${alert.id}`,
    runbookUrl: alert.runbookUrl,
    retraining: alert.retraining,
  };
}
