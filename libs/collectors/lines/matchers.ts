import type { LabelMatch, Matchers } from './line.js';

/** Whether labels meet every condition, as PromQL decides: an absent label is an empty one. */
export type Matches = (labels: Readonly<Record<string, string>>) => boolean;

/** Compiles matchers once. @throws SyntaxError when a regular expression is none */
export function compileMatchers(matchers: Matchers): Matches {
  const conditions = Object.entries(matchers).map(([label, match]) => {
    const holds = compile(match);
    return (labels: Readonly<Record<string, string>>): boolean => holds(labels[label] ?? '');
  });
  return (labels) => conditions.every((condition) => condition(labels));
}

function compile(match: LabelMatch): (value: string) => boolean {
  if (typeof match === 'string') return (value) => value === match;
  if ('not' in match) return (value) => value !== match.not;
  const pattern = anchored('matches' in match ? match.matches : match.notMatches);
  return 'matches' in match ? (value) => pattern.test(value) : (value) => !pattern.test(value);
}

/** A pattern over the whole value; as in PromQL, a dot is any character. @throws SyntaxError */
export function anchored(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'su');
}

/** The text as a pattern that matches only itself, in RE2 and in JavaScript. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
