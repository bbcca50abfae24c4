import { checkRowCount, type RowLimit } from '../decoding.js';

/** A line that is not JSON, and why. */
export class NotJson {
  constructor(readonly message: string) {}
}

/** The values of NDJSON, a line each; empty lines are none. @throws UnreadablePayload `too-many-rows` */
export function jsonLines(text: string, limit: RowLimit): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  checkRowCount(lines.length, limit);
  return lines.map(parseLine);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (error) {
    return new NotJson((error as Error).message);
  }
}
