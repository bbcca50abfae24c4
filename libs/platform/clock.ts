/** Milliseconds since the Unix epoch, UTC. */
export type Instant = number;

/** Where the time comes from. Rooms get one passed in; nothing else may read the system's clock. */
export interface Clock {
  now(): Instant;
}

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** A clock that stands still until a test moves it. */
export class TestClock implements Clock {
  constructor(private at: Instant) {}

  now(): Instant {
    return this.at;
  }

  advance(byMs: number): void {
    this.at += byMs;
  }
}

/** The instant as RFC 3339 in UTC with milliseconds. */
export function toRfc3339(at: Instant): string {
  return new Date(at).toISOString();
}

/** The start of the tumbling, UTC-aligned window of `grainMs` that holds `at`. */
export function windowStart(at: Instant, grainMs: number): Instant {
  return Math.floor(at / grainMs) * grainMs;
}
