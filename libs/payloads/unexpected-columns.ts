/** Unexpected columns that are named; a client that sends random keys must not make the answer grow. */
const MAX_NAMED = 20;

/** The columns of a payload that the schema does not know: they are ignored, counted by rows, and named. */
export class UnexpectedColumns {
  rowCount = 0;
  private readonly found = new Set<string>();

  /** `expected` are the keys that are columns, or facts of a flat record. */
  constructor(private readonly expected: ReadonlySet<string>) {}

  /** The names, sorted. */
  get names(): string[] {
    return [...this.found].sort();
  }

  /** Looks at one row's keys; counts the row when one is unexpected. */
  note(values: Readonly<Record<string, unknown>>): void {
    let isUnexpected = false;
    for (const key of Object.keys(values)) {
      if (this.expected.has(key)) continue;
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
