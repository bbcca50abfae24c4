import { RE2JS } from 're2js';
import { LeewayError } from '#platform';
import type { LabelMatcher, Labels, MatcherOperator } from './schemas.js';

/** Matchers of one query. Unmeasured: more than anybody writes. */
const MAX_MATCHERS = 20;
/** UTF-16 code units of one pattern. */
const MAX_PATTERN_LENGTH = 500;
/**
 * Instructions of one compiled pattern. Matching takes time in proportion to this times the length of the value, so that this
 * bounds it: counted repetitions (`a{1000}`) make much of a short pattern.
 */
const MAX_PATTERN_INSTRUCTIONS = 2_000;

const TOKEN = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|"((?:[^"\\]|\\.)*)")\s*(=~|!~|!=|=)\s*/y;
const QUOTED = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`([^`]*)`/y;
const SEPARATOR = /\s*(,\s*|$)/y;
const ESCAPE = /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([0-7]{3})|(.))/gs;
const ESCAPED: Readonly<Record<string, string>> = {
  ...{ a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

/**
 * Reads matchers as PromQL writes them, with braces or without: `version="v2",endpoint=~"/v1/.*"`.
 *
 * @throws LeewayError `invalid-query`
 */
export function parseMatchers(text: string): LabelMatcher[] {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1] ?? text;
  const matchers: LabelMatcher[] = [];
  let at = 0;
  while (inner.slice(at).trim() !== '') {
    const head = readAt(TOKEN, inner, at);
    if (head === null) throw unreadable(inner, at, 'a label and one of =, !=, =~, !~');
    at += head[0].length;
    const quoted = readAt(QUOTED, inner, at);
    if (quoted === null) throw unreadable(inner, at, 'a value in quotes');
    at += quoted[0].length;
    const separator = readAt(SEPARATOR, inner, at);
    if (separator === null) throw unreadable(inner, at, 'a comma');
    at += separator[0].length;
    matchers.push({
      label: head[1] ?? unescape(head[2] ?? ''),
      op: head[3] as MatcherOperator,
      value: quoted[3] ?? unescape(quoted[1] ?? quoted[2] ?? ''),
    });
  }
  if (matchers.length > MAX_MATCHERS)
    throw new LeewayError('invalid-query', `there are more than ${MAX_MATCHERS} matchers`);
  return matchers;
}

/**
 * A test of label sets: all matchers hold. Patterns have RE2's syntax, are anchored at both ends, `.` matches line feeds too, and take
 * time in proportion to the length of the value.
 *
 * @throws LeewayError `invalid-query` for a pattern that cannot be read or is too large
 */
export function labelTest(matchers: readonly LabelMatcher[]): (labels: Labels) => boolean {
  const tests = matchers.map(({ label, op, value }) => {
    const holds = op === '=' || op === '!=' ? (actual: string) => actual === value : patternTest(value);
    const isNegated = op === '!=' || op === '!~';
    return (labels: Labels): boolean => holds(labels[label] ?? '') !== isNegated;
  });
  return (labels) => tests.every((test) => test(labels));
}

function patternTest(pattern: string): (value: string) => boolean {
  if (pattern.length > MAX_PATTERN_LENGTH)
    throw new LeewayError('invalid-query', `a pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  const compiled = compile(pattern);
  if (compiled.programSize() > MAX_PATTERN_INSTRUCTIONS)
    throw new LeewayError(
      'invalid-query',
      `the pattern ${JSON.stringify(pattern)} is too large; repeat less in it`,
    );
  // Label sets differ in few labels: the same values come again and again.
  const known = new Map<string, boolean>();
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const matches = compiled.matches(value);
    known.set(value, matches);
    return matches;
  };
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    throw new LeewayError(
      'invalid-query',
      `the pattern ${JSON.stringify(pattern)} is no regular expression of RE2: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function readAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function unescape(text: string): string {
  return text.replace(
    ESCAPE,
    (_, plain?: string, hex?: string, unicode?: string, octal?: string, unknown?: string) => {
      if (plain !== undefined) return ESCAPED[plain] ?? plain;
      const code = hex ?? unicode;
      if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      throw new LeewayError('invalid-query', `a value has the unknown escape \\${unknown ?? ''}`);
    },
  );
}

function unreadable(text: string, at: number, expected: string): LeewayError {
  return new LeewayError(
    'invalid-query',
    `the matchers cannot be read at ${JSON.stringify(text.slice(at, at + 30))}: expected ${expected}; write them like version="v2",endpoint=~"/v1/.*"`,
  );
}
