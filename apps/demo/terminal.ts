/** Where the story is told. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

const INDENT = '   ';
const QUOTE = '   │ ';
/** Fits a terminal of 120 columns with the indent. */
const LINE_WIDTH = 108;

/** Tells the story: numbered headings, short lines, aligned tables. Bold only on a real terminal. */
export class Terminal {
  private chapter = 0;

  constructor(private readonly output: TextOutput) {}

  title(text: string): void {
    this.output.write(`\n${this.bold(text)}\n`);
  }

  heading(text: string): void {
    this.chapter += 1;
    this.output.write(`\n${this.bold(`${this.chapter}. ${text}`)}\n`);
  }

  line(text = ''): void {
    this.output.write(text === '' ? '\n' : `${INDENT}${text}\n`);
  }

  /** A longer text, broken into lines that fit a terminal. */
  paragraph(text: string): void {
    for (const line of wrapped(text, LINE_WIDTH)) this.line(line);
  }

  /** A text that somebody else wrote, set apart. */
  quote(text: string): void {
    const lines = text.split('\n').flatMap((line) => wrapped(line, LINE_WIDTH));
    for (const line of lines) this.output.write(`${QUOTE}${line}\n`.replace(/ +\n$/, '\n'));
  }

  /** Rows under a header; columns named in `right` are aligned to the right. */
  table(
    header: readonly string[],
    rows: readonly (readonly string[])[],
    right: readonly string[] = [],
  ): void {
    const lines = tableLines(header, rows, right);
    lines.forEach((line, index) => this.output.write(`${INDENT}${index === 0 ? this.bold(line) : line}\n`));
  }

  private bold(text: string): string {
    return this.output.isTTY === true ? `\u001b[1m${text}\u001b[22m` : text;
  }
}

/** The lines of a table, header first, columns two spaces apart. */
export function tableLines(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string[] {
  const widths = header.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isRight = header.map((name) => right.includes(name));
  return [header, ...rows].map((cells) =>
    widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return isRight[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The text in lines of at most `width` characters, broken at spaces; a longer word keeps a line of its own. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** 508239 as 508,239, whatever the machine's language. */
export function counted(count: number): string {
  return count.toLocaleString('en-US');
}

export function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
