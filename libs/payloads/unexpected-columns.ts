/** Unexpected columns that are named; a client that sends random keys must not make the answer grow. */
const MAX_NAMED = 20;
/** Longest name that is given back, in UTF-16 units. */
const MAX_NAME_LENGTH = 200;

/** The columns of a payload that the schema does not know: they are ignored, counted by rows, and named. */
export class UnexpectedColumns {
  /** The rows that brought such a column. */
  readonly rows = new Set<number>();
  isInEveryRow = false;
  private readonly found = new Set<string>();

  /** `expected` are the keys that are columns, or facts of a flat record. */
  constructor(private readonly expected: ReadonlySet<string>) {}

  /** The names, sorted. */
  get names(): string[] {
    return [...this.found].sort();
  }

  /** Looks at one row's keys; notes the row when one is unexpected. */
  note(values: Readonly<Record<string, unknown>>, row: number): void {
    for (const key of Object.keys(values)) if (!this.expected.has(key)) this.addTo(row, key);
  }

  /** A name that one row brings. */
  addTo(row: number, name: string): void {
    this.rows.add(row);
    this.add(name);
  }

  /** A column that every row brings. */
  addToAll(name: string): void {
    this.isInEveryRow = true;
    this.add(name);
  }

  /** A name, whichever rows bring it. */
  add(name: string): void {
    if (this.found.size < MAX_NAMED)
      this.found.add(name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}…` : name);
  }
}
