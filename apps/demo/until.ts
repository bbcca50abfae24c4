import { setTimeout as sleep } from 'node:timers/promises';

/** Something that was waited for did not happen in time. */
export class NotInTimeError extends Error {
  override readonly name = 'NotInTimeError';
}

export interface Wait {
  readonly timeoutMs: number;
  /** Unmeasured: smaller loads what is asked, larger tells the story late. */
  readonly everyMs?: number;
}

/**
 * What `probe` finds, as soon as it finds something other than undefined.
 *
 * @throws NotInTimeError that says `what`, and what `soFar` last saw of it
 */
export async function until<T>(
  what: string,
  { timeoutMs, everyMs = 200 }: Wait,
  probe: () => Promise<T | undefined>,
  soFar: () => string = () => '',
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() >= deadline) {
      const seen = soFar();
      throw new NotInTimeError(
        `after ${timeoutMs / 1_000} s still waiting: ${what}${seen === '' ? '' : ` (so far: ${seen})`}`,
      );
    }
    await sleep(everyMs);
  }
}
