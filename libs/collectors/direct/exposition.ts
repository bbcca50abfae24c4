/** One line of an exposition: a series and its value. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Epoch milliseconds when the line carries a time of its own, which is rare. */
  readonly at: number | null;
}

/** `text` is Prometheus text 0.0.4; `openmetrics` ends with `# EOF`, has its times in seconds, and may carry exemplars. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** A line that is no exposition. The message names the line. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError';

  constructor(
    readonly line: number,
    problem: string,
  ) {
    super(`line ${line}: ${problem}`);
  }
}

/** The format that a Content-Type names. */
export function expositionFormat(contentType: string | null): ExpositionFormat {
  return /^\s*application\/openmetrics-text\b/i.test(contentType ?? '') ? 'openmetrics' : 'text';
}

/**
 * The samples of an exposition, in its order. Comments and metadata are skipped, exemplars are read and dropped.
 *
 * With `wanted`, only the series of these metrics are read; other lines are passed over, whatever is in them.
 * Unknown escapes stay as they stand, as in Prometheus. An OpenMetrics page without its `# EOF` was cut on the way, so it is an error.
 *
 * @throws ExpositionError at the first line that does not parse
 */
export function parseExposition(
  text: string,
  format: ExpositionFormat,
  wanted: ReadonlySet<string> | null = null,
): ExposedSample[] {
  const samples: ExposedSample[] = [];
  const lines = text.split('\n');
  for (const [index, raw] of lines.entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (format === 'openmetrics' && line === '# EOF') {
      if (lines.slice(index + 1).some((rest) => rest.trim() !== ''))
        throw new ExpositionError(index + 2, 'text after # EOF');
      return samples;
    }
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    if (wanted !== null && !isWanted(line, wanted)) continue;
    samples.push(new LineReader(line, index + 1, format).sample());
  }
  if (format === 'openmetrics')
    throw new ExpositionError(lines.length, 'the text ends without # EOF: it was cut');
  return samples;
}

/** Whether a line may be of one of these metrics; a line that does not begin with a name is looked at. */
function isWanted(line: string, wanted: ReadonlySet<string>): boolean {
  METRIC_NAME.lastIndex = 0;
  const name = METRIC_NAME.exec(line)?.[0];
  return name === undefined || wanted.has(name);
}

const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const TOKEN = /[^\s]+/y;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', n: '\n' };

/** Reads one line from left to right. */
class LineReader {
  private at = 0;

  constructor(
    private readonly line: string,
    private readonly number: number,
    private readonly format: ExpositionFormat,
  ) {}

  sample(): ExposedSample {
    this.skipBlanks();
    let name = this.line[this.at] === '{' ? null : this.match(METRIC_NAME, 'a metric name');
    this.skipBlanks();
    const labels: Record<string, string> = {};
    if (this.line[this.at] === '{') name = this.labelSet(labels) ?? name;
    if (name === null) throw this.error('the series has no metric name');
    this.skipBlanks();
    const value = this.numberAt('a value');
    this.skipBlanks();
    const at = this.atEnd() || this.line[this.at] === '#' ? null : this.time();
    this.skipBlanks();
    if (this.format === 'openmetrics' && this.line[this.at] === '#') this.exemplar();
    this.skipBlanks();
    if (!this.atEnd()) throw this.error(`unexpected ${JSON.stringify(this.line.slice(this.at))}`);
    return { name, labels, value, at };
  }

  /** Reads `{a="1", "b.c"="2"}`; a quoted name without a value is the metric's. Returns that name. */
  private labelSet(labels: Record<string, string>): string | null {
    let metric: string | null = null;
    this.at += 1;
    for (;;) {
      this.skipBlanks();
      if (this.line[this.at] === '}') break;
      const isQuoted = this.line[this.at] === '"';
      const name = isQuoted ? this.quoted() : this.match(LABEL_NAME, 'a label name');
      this.skipBlanks();
      if (isQuoted && this.line[this.at] !== '=') metric = name;
      else {
        this.expect('=');
        this.skipBlanks();
        if (Object.hasOwn(labels, name)) throw this.error(`the label ${name} stands twice`);
        labels[name] = this.quoted();
      }
      this.skipBlanks();
      if (this.line[this.at] === ',') this.at += 1;
      else if (this.line[this.at] !== '}') throw this.error('expected , or } after a label');
    }
    this.at += 1;
    return metric;
  }

  private quoted(): string {
    this.expect('"');
    let text = '';
    for (; this.at < this.line.length; this.at += 1) {
      const char = this.line[this.at] as string;
      if (char === '"') {
        this.at += 1;
        return text;
      }
      if (char !== '\\') text += char;
      else {
        this.at += 1;
        const escaped = this.line[this.at] ?? '';
        text += ESCAPES[escaped] ?? `\\${escaped}`;
      }
    }
    throw this.error('a quoted text does not end');
  }

  private exemplar(): void {
    this.expect('#');
    this.skipBlanks();
    if (this.line[this.at] !== '{') throw this.error('an exemplar begins with {');
    this.labelSet({});
    this.skipBlanks();
    this.numberAt("an exemplar's value");
    this.skipBlanks();
    if (!this.atEnd()) this.numberAt("an exemplar's time");
  }

  private time(): number {
    const time = this.numberAt('a time');
    if (!Number.isFinite(time)) throw this.error('a time must be finite');
    return this.format === 'openmetrics' ? time * 1_000 : time;
  }

  private numberAt(what: string): number {
    const token = this.match(TOKEN, what);
    if (NUMBER.test(token)) return Number(token);
    const infinity = INFINITY.exec(token);
    if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
    if (/^[+-]?nan$/i.test(token)) return NaN;
    throw this.error(`expected ${what}, got ${JSON.stringify(token)}`);
  }

  private match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.line)?.[0];
    if (found === undefined)
      throw this.error(
        `expected ${what}${this.atEnd() ? '' : `, got ${JSON.stringify(this.line.slice(this.at, this.at + 40))}`}`,
      );
    this.at += found.length;
    return found;
  }

  private expect(char: string): void {
    if (this.line[this.at] !== char) throw this.error(`expected ${char}`);
    this.at += 1;
  }

  private skipBlanks(): void {
    while (this.line[this.at] === ' ' || this.line[this.at] === '\t') this.at += 1;
  }

  private atEnd(): boolean {
    return this.at >= this.line.length;
  }

  private error(problem: string): ExpositionError {
    return new ExpositionError(this.number, problem);
  }
}
