import type { Terminal } from './terminal.js';

/** What the demo says that Leeway does, and whether it really did. */
export class Claims {
  readonly failed: string[] = [];
  private count = 0;

  constructor(private readonly terminal: Pick<Terminal, 'line' | 'quote'>) {}

  get checkedCount(): number {
    return this.count;
  }

  /** Records a claim; one that does not hold is said at once, with what was found instead. */
  check(claim: string, holds: boolean, found = ''): void {
    this.count += 1;
    if (!holds) this.fail(found === '' ? claim : `${claim} (found: ${found})`);
  }

  fail(what: string): void {
    this.failed.push(what);
    const [first = '', ...rest] = what.split('\n');
    this.terminal.line(`DID NOT HAPPEN: ${first}`);
    if (rest.length > 0) this.terminal.quote(rest.join('\n'));
  }
}
