import { describe, expect, it } from '@jest/globals';
import { counted, tableLines, Terminal, wrapped } from './terminal.js';

function told(isTTY: boolean, tell: (terminal: Terminal) => void): string {
  const written: string[] = [];
  tell(new Terminal({ write: (text) => written.push(text), isTTY }));
  return written.join('');
}

describe('the terminal', () => {
  it('aligns the columns of a table, numbers to the right', () => {
    expect(
      tableLines(
        ['column', 'n'],
        [
          ['distance', '7'],
          ['hour', '1,234'],
        ],
        ['n'],
      ),
    ).toEqual(['column        n', 'distance      7', 'hour      1,234']);
  });

  it('numbers its headings', () => {
    expect(told(false, (terminal) => ['First', 'Second'].forEach((text) => terminal.heading(text)))).toBe(
      '\n1. First\n\n2. Second\n',
    );
  });

  it('is bold on a real terminal only', () => {
    expect(told(true, (terminal) => terminal.heading('First'))).toContain('\u001b[1m');
    expect(told(false, (terminal) => terminal.heading('First'))).not.toContain('\u001b');
  });

  it('sets quoted texts apart, line by line', () => {
    expect(told(false, (terminal) => terminal.quote('one\n\ntwo'))).toBe('   │ one\n   │\n   │ two\n');
  });

  it('breaks long lines at spaces and leaves long words whole', () => {
    expect(wrapped('a bb ccc dddddddddd e', 6)).toEqual(['a bb', 'ccc', 'dddddddddd', 'e']);
  });

  it('writes large numbers alike on every machine', () => {
    expect(counted(508_239)).toBe('508,239');
  });
});
