import type { PayloadColumn } from './column-batch.js';

/** Unexpected columns that are named; a client that sends random keys must not make the answer grow. */
const MAX_NAMED = 20;

/** The columns of a payload that the schema does not know: they are ignored, counted by rows, and named. */
export class UnexpectedColumns {
  rowCount = 0;
  private readonly known: ReadonlySet<string>;
  private readonly found = new Set<string>();

  /** `otherFields` are keys that are no columns and yet expected. */
  constructor(
    columns: readonly PayloadColumn[],
    private readonly otherFields: readonly string[],
  ) {
    this.known = new Set(columns.map(({ name }) => name));
  }

  /** The names, sorted. */
  get names(): string[] {
    return [...this.found].sort();
  }

  /** Looks at one row's keys; counts the row when one is unexpected. */
  note(values: Readonly<Record<string, unknown>>): void {
    let isUnexpected = false;
    for (const key of Object.keys(values)) {
      if (this.known.has(key) || this.otherFields.includes(key)) continue;
      isUnexpected = true;
      this.add(key);
    }
    if (isUnexpected) this.rowCount += 1;
  }

  /** A whole column of a table. */
  add(name: string): void {
    if (this.found.size < MAX_NAMED) this.found.add(name);
  }
}
