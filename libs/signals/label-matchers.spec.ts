import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LeewayError } from '#platform';
import { labelTest, parseMatchers } from './label-matchers.js';
import { MATCHER_OPERATORS } from './schemas.js';

describe('parseMatchers', () => {
  it.each<[string, ReturnType<typeof parseMatchers>]>([
    ['', []],
    ['{}', []],
    ['version="v2"', [{ label: 'version', op: '=', value: 'v2' }]],
    [
      `{ a != 'x' , b=~"/v\\\\d+" , c!~\`\\d\`, }`,
      [
        { label: 'a', op: '!=', value: 'x' },
        { label: 'b', op: '=~', value: '/v\\d+' },
        { label: 'c', op: '!~', value: '\\d' },
      ],
    ],
    ['"my.label"="q\\"\\u00e4\\x41\\n"', [{ label: 'my.label', op: '=', value: 'q"äA\n' }]],
    [
      'a="}",b="{,"',
      [
        { label: 'a', op: '=', value: '}' },
        { label: 'b', op: '=', value: '{,' },
      ],
    ],
  ])('reads %s', (text, expected) => expect(parseMatchers(text)).toEqual(expected));

  it.each([
    'version',
    'version=',
    'version=v2',
    'a="1" b="2"',
    'a=="1"',
    'a="\\q"',
    '1a="x"',
    'a="x',
    ',a="x"',
  ])('refuses %s', (text) =>
    expect(() => parseMatchers(text)).toThrow(expect.objectContaining({ code: 'invalid-query' })),
  );

  it('reads back what JSON quotes, and throws nothing but refusals', () => {
    const matcher = fc.record({
      label: fc.stringMatching(/^[A-Za-z_]\w{0,9}$/),
      op: fc.constantFrom(...MATCHER_OPERATORS),
      value: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(matcher, { maxLength: 5 }), (matchers) => {
        const text = matchers
          .map(({ label, op, value }) => `${label}${op}${JSON.stringify(value)}`)
          .join(',');
        expect(parseMatchers(text)).toEqual(matchers);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab={}"\'`\\,!~ x1') }), (text) => {
        try {
          parseMatchers(text);
        } catch (error) {
          expect(error).toBeInstanceOf(LeewayError);
        }
      }),
    );
  });
});

describe('labelTest', () => {
  const matches = (text: string, labels: Record<string, string>): boolean =>
    labelTest(parseMatchers(text))(labels);

  it('anchors patterns at both ends, over lines', () => {
    expect(matches('a=~"b"', { a: 'abc' })).toBe(false);
    expect(matches('a=~"b|abc"', { a: 'abc' })).toBe(true);
    expect(matches('a=~"a.c"', { a: 'a\nc' })).toBe(true);
    expect(matches('a=~".*"', {})).toBe(true);
    expect(matches('a=~".+"', {})).toBe(false);
  });

  it.each(['a=~"["', 'a=~"(?=x)"', 'a=~"(x{1,1000}){1,1}"', `a=~"${'x'.repeat(501)}"`])(
    'refuses %s',
    (text) => expect(() => matches(text, {})).toThrow(expect.objectContaining({ code: 'invalid-query' })),
  );

  it('takes every label set on one side of a condition and its opposite', () => {
    const value = fc.stringMatching(/^[ab]{0,3}$/);
    fc.assert(
      fc.property(
        fc.constantFrom('a*', 'a|b', '(a|b)+', ''),
        fc.dictionary(fc.constantFrom('x', 'y'), value),
        (pattern, labels) => {
          for (const op of ['=', '=~']) {
            const not = op === '=' ? '!=' : '!~';
            expect(matches(`x${op}"${pattern}"`, labels)).toBe(!matches(`x${not}"${pattern}"`, labels));
          }
        },
      ),
    );
  });
});
