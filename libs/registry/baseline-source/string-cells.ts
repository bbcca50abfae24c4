import type { Cell, ColumnType } from '#payloads';

/** Different strings of a column that are remembered: 100 to 300 bytes each. */
const MAX_REMEMBERED = 10_000;

/**
 * The cells of a column whose strings come again and again, each string checked once and held in memory once.
 *
 * A string that was cut out of a chunk keeps the whole chunk alive; so those that are not remembered are copied. Texts hardly
 * ever come twice: they are only copied.
 */
export class StringCells {
  private readonly remembered = new Map<string, Cell>();

  constructor(
    private readonly type: ColumnType,
    private readonly read: (text: string, type: ColumnType) => Cell,
  ) {}

  cellOf(text: string): Cell {
    const known = this.remembered.get(text);
    if (known !== undefined || this.remembered.has(text)) return known;
    const own = Buffer.from(text, 'utf16le').toString('utf16le');
    const cell = this.read(own, this.type);
    if (this.type !== 'text' && this.remembered.size < MAX_REMEMBERED) this.remembered.set(own, cell);
    return cell;
  }
}
