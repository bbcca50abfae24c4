import type { PayloadColumn, PayloadPart } from '../column-batch.js';
import { checkRowCount, UnreadablePayload, type DecodedRows, type DecodingContext } from '../decoding.js';
import { namesOf, partColumns } from '../records.js';
import { decodeTable, type Table, type TableCells } from '../table.js';
import type { TablePart } from './positional.js';

/**
 * One half of a serving protocol's body: how many rows it has, and what builds them; null where the body does not bring it.
 *
 * Rows are built only once their number is allowed, and only of columns that are known: a body of some bytes must not
 * become cells by the million.
 */
export type Half = {
  readonly rowCount: number;
  readonly build: (known: ReadonlySet<string>) => TablePart;
} | null;

/** The columns of one side of the schema, in its order: what values by position belong to. */
export function sideColumns(
  { columns }: DecodingContext,
  side: 'request' | 'response',
): readonly PayloadColumn[] {
  return partColumns(columns, side);
}

/**
 * Decodes what a serving protocol brings: its requests, its responses, or both of the same rows.
 *
 * @throws UnreadablePayload `too-many-rows`; `wrong-form` when both are there and differ in their number of rows, or the asked
 * part is absent
 */
export function decodeHalves(
  request: Half,
  response: Half,
  context: DecodingContext,
  names: readonly [request: string, response: string],
): DecodedRows {
  const part = context.part ?? partOf(request, response);
  const wanted: Half[] = part === 'whole' ? [request, response] : [part === 'request' ? request : response];
  const halves = wanted.filter((half) => half !== null);
  if (halves.length < wanted.length) {
    const absent = names.filter(
      (_, index) =>
        (part === 'whole' || (part === 'request') === (index === 0)) && [request, response][index] === null,
    );
    throw new UnreadablePayload('wrong-form', `the body has no ${absent.join(' and no ')}`);
  }
  const [first, second] = halves;
  const rowCount = first?.rowCount ?? 0;
  checkRowCount(rowCount, context);
  if (second !== undefined && second.rowCount !== rowCount)
    throw new UnreadablePayload(
      'wrong-form',
      `${names[0]} has ${rowCount} rows and ${names[1]} ${second.rowCount}; both must be of the same inferences`,
    );
  const known = namesOf(partColumns(context.columns, part));
  const parts = halves.map(({ build }) => build(known));
  return decodeTable(joined(rowCount, parts), context, part);
}

function partOf(request: Half, response: Half): PayloadPart {
  if (request !== null && response !== null) return 'whole';
  return response === null ? 'request' : 'response';
}

function joined(rowCount: number, parts: readonly TablePart[]): Table {
  const columns = new Map<string, TableCells>();
  const misshapen = new Map<number, (row: number) => string>();
  for (const part of parts) {
    for (const [name, cells] of part.columns) columns.set(name, cells);
    for (const [row, problem] of part.misshapen ?? []) if (!misshapen.has(row)) misshapen.set(row, problem);
  }
  const unexpected = parts.flatMap((part) => part.unexpected ?? []);
  return { rowCount, columns, misshapen, unexpected };
}
