/** Classes that are told apart, unless the task itself has more. */
export const MAX_CLASSES = 250;

/** Numbers for the names of classes: the task's first, then those that are met, up to a limit; beyond it all share one number. */
export class ClassNames {
  readonly limit: number;
  private readonly numbers = new Map<string, number>();
  private readonly known: string[] = [];

  constructor(classes: readonly string[], maxClasses = MAX_CLASSES) {
    this.limit = Math.max(maxClasses, classes.length);
    for (const name of classes) this.numberOf(name);
  }

  get names(): readonly string[] {
    return this.known;
  }

  /** The class's number; `limit` for one that is not told apart. */
  numberOf(name: string): number {
    const number = this.numbers.get(name);
    if (number !== undefined) return number;
    if (this.known.length >= this.limit) return this.limit;
    this.numbers.set(name, this.known.length);
    this.known.push(name);
    return this.known.length - 1;
  }
}
