import { LeewayError } from '#platform';

/** Files take their time: asking every second would be of no use. */
const RETRY_AFTER_SECONDS = 5;

/** How many exports run at once: each holds a page of rows, one of Parquet also what DuckDB takes. */
export class ExportSlots {
  private taken = 0;

  constructor(private readonly max: number) {}

  /**
   * Takes a slot, and returns what gives it back; the second call of that does nothing.
   *
   * @throws LeewayError `exports-busy`
   */
  take(): () => void {
    if (this.taken >= this.max)
      throw new LeewayError(
        'exports-busy',
        `${this.taken} exports are being read, as many as may be at once; ask again later`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    this.taken += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.taken -= 1;
      isTaken = false;
    };
  }
}
