import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Counter, Histogram, Registry, type RegistryContentType } from 'prom-client';
import {
  ExpositionError,
  expositionFormat,
  parseExposition,
  type ExposedSample,
  type ExpositionFormat,
} from './exposition.js';

const sample = (
  name: string,
  value: number,
  labels: Record<string, string> = {},
  at: number | null = null,
): ExposedSample => ({ name, labels, value, at });

describe('parseExposition', () => {
  it.each<[string, ExpositionFormat, string, ExposedSample[]]>([
    ['nothing', 'text', '', []],
    ['comments and metadata only', 'text', '# HELP a "odd {\n# TYPE a counter\n\n   # x\n', []],
    ['a bare series', 'text', 'up 1\n', [sample('up', 1)]],
    [
      'labels with blanks and a trailing comma',
      'text',
      'a { b = "1" , c="2", } 3',
      [sample('a', 3, { b: '1', c: '2' })],
    ],
    ['an empty label set', 'text', 'a{} 3', [sample('a', 3)]],
    [
      'escapes, and unknown ones as they stand',
      'text',
      'a{b="q\\"s\\\\n\\nx\\y"} 1',
      [sample('a', 1, { b: 'q"s\\n\nx\\y' })],
    ],
    ['braces, commas and hashes inside a value', 'text', 'a{b="},# {"} 1', [sample('a', 1, { b: '},# {' })]],
    [
      'special values',
      'text',
      'a +Inf\nb -Inf\nc NaN\nd 1.5e-3\ne .5\nf -2.\ng inf',
      [
        sample('a', Infinity),
        sample('b', -Infinity),
        sample('c', NaN),
        sample('d', 0.0015),
        sample('e', 0.5),
        sample('f', -2),
        sample('g', Infinity),
      ],
    ],
    ['a time in milliseconds', 'text', 'a 1 1395066363000', [sample('a', 1, {}, 1395066363000)]],
    ['names with colons', 'text', 'vllm:num_requests_waiting 4', [sample('vllm:num_requests_waiting', 4)]],
    ['quoted names', 'text', '{"my.metric","my.label"="x"} 4', [sample('my.metric', 4, { 'my.label': 'x' })]],
    ['Windows line ends', 'text', 'a 1\r\nb 2\r\n', [sample('a', 1), sample('b', 2)]],
    [
      'OpenMetrics: a time in seconds',
      'openmetrics',
      'a_total 1 1395066363.5\n# EOF\n',
      [sample('a_total', 1, {}, 1395066363500)],
    ],
    [
      'OpenMetrics: exemplars',
      'openmetrics',
      'a_bucket{le="1"} 8 # {trace_id="a}b"} 0.67 1600096945.479\nb_total 1 5 # {} 2\n# EOF',
      [sample('a_bucket', 8, { le: '1' }), sample('b_total', 1, {}, 5000)],
    ],
  ])('reads %s', (_name, format, text, expected) => {
    expect(parseExposition(text, format)).toEqual(expected);
  });

  it.each<[string, ExpositionFormat, string, string]>([
    ['an HTML page', 'text', '<!DOCTYPE html>', 'line 1: expected a metric name, got "<!DOCTYPE html>"'],
    ['no value', 'text', 'a 1\nb', 'line 2: expected a value'],
    ['a word as value', 'text', 'a one', 'line 1: expected a value, got "one"'],
    ['an underscore in a number', 'text', 'a 1_000', 'line 1: expected a value, got "1_000"'],
    ['too much', 'text', 'a 1 2 3', 'line 1: unexpected "3"'],
    ['an open quote', 'text', '\n\na{b="1} 1', 'line 3: a quoted text does not end'],
    ['an open brace', 'text', 'a{b="1"', 'line 1: expected , or } after a label'],
    ['no name', 'text', '{b="1"} 1', 'line 1: the series has no metric name'],
    ['a repeated label', 'text', 'a{b="1",b="2"} 1', 'line 1: the label b stands twice'],
    ['an unquoted value', 'text', 'a{b=1} 1', 'line 1: expected "'],
    ['an exemplar in the text format', 'text', 'a 1 # {} 2', 'line 1: unexpected "# {} 2"'],
    ['a page that was cut', 'openmetrics', 'a 1\n', 'line 2: the text ends without # EOF: it was cut'],
    ['text after the end', 'openmetrics', 'a 1\n# EOF\nb 2', 'line 3: text after # EOF'],
    ['an infinite time', 'text', 'a 1 +Inf', 'line 1: a time must be finite'],
  ])('refuses %s and names the line', (_name, format, text, message) => {
    expect(() => parseExposition(text, format)).toThrow(ExpositionError);
    expect(() => parseExposition(text, format)).toThrow(message);
  });

  it('throws nothing but its own error, whatever it is given', () => {
    const fragments = fc
      .array(
        fc.oneof(
          fc.string(),
          fc.constantFrom('{', '}', '"', '=', ',', ' ', '\\', '\n', '#', '# EOF', 'a', 'le', '1', 'NaN'),
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fragments, fc.constantFrom<ExpositionFormat>('text', 'openmetrics'), (text, format) => {
        try {
          parseExposition(text, format);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpositionError);
        }
      }),
    );
  });

  it('reads back what prom-client writes, in both formats, whatever stands in a label', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0 }), async (text, count) => {
        for (const [format, contentType] of [
          ['text', Registry.PROMETHEUS_CONTENT_TYPE],
          ['openmetrics', Registry.OPENMETRICS_CONTENT_TYPE],
        ] as const) {
          const registry = new Registry<RegistryContentType>();
          registry.setContentType(contentType);
          new Counter({ name: 'c_total', help: 'h', labelNames: ['l'], registers: [registry] }).inc(
            { l: text },
            count,
          );
          new Histogram({ name: 'h', help: 'h', buckets: [1], registers: [registry] }).observe(0.5);
          const samples = parseExposition(await registry.metrics(), expositionFormat(contentType));
          expect(samples).toContainEqual(sample('c_total', count, { l: text }));
          expect(samples).toContainEqual(sample('h_bucket', 1, { le: '+Inf' }));
          expect(expositionFormat(contentType)).toBe(format);
        }
      }),
      { numRuns: 50 },
    );
  });
});
