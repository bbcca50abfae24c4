import type { Instant } from '#platform';

/** What was last sent to one channel about one model. */
export interface SentNotification {
  readonly firing: ReadonlySet<string>;
  readonly sentAt: Instant;
}

export interface GroupTiming {
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
}

export type NotifyReason = 'first-notification' | 'new-alerts' | 'all-resolved' | 'repeat-interval-elapsed';

/**
 * Why a group should be sent now, or null when there is nothing to say yet.
 *
 * `firing` maps the ids of the alerts that fire now to when they began to. A first notification waits `groupWait` for
 * others to join it, a change waits until `groupInterval` after the last message, and an unchanged group is repeated
 * after `repeatInterval`. That some of several alerts resolved is said with the next message, not by one of its own.
 */
export function notifyReason(
  previous: SentNotification | null,
  firing: ReadonlyMap<string, Instant>,
  timing: GroupTiming,
  now: Instant,
): NotifyReason | null {
  if (previous === null || previous.firing.size === 0) {
    // The receiver never heard of these alerts, so their resolution is not news either.
    if (firing.size === 0) return null;
    return now - Math.min(...firing.values()) >= timing.groupWaitMs ? 'first-notification' : null;
  }
  const sinceSentMs = now - previous.sentAt;
  if (firing.size === 0) return sinceSentMs >= timing.groupIntervalMs ? 'all-resolved' : null;
  if ([...firing.keys()].some((alert) => !previous.firing.has(alert)))
    return sinceSentMs >= timing.groupIntervalMs ? 'new-alerts' : null;
  return sinceSentMs >= timing.repeatIntervalMs ? 'repeat-interval-elapsed' : null;
}
