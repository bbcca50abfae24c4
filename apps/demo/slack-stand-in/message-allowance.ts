/** Slack takes about one message a second from a webhook, and short bursts. How short is not documented: this many. */
const BURST = 5;
const PER_SECOND = 1;

/** How many messages each webhook may still send. */
export class MessageAllowance {
  private readonly webhooks = new Map<string, { left: number; at: number }>();

  /** Takes one message from a webhook's allowance; returns 0, or the seconds after which there is one again. */
  waitSeconds(webhook: string, now: number): number {
    const before = this.webhooks.get(webhook) ?? { left: BURST, at: now };
    const left = Math.min(BURST, before.left + ((now - before.at) / 1_000) * PER_SECOND);
    const isTaken = left >= 1;
    this.webhooks.set(webhook, { left: isTaken ? left - 1 : left, at: now });
    return isTaken ? 0 : Math.ceil((1 - left) / PER_SECOND);
  }
}
