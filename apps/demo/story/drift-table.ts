import type { ColumnDrift } from '../api-types.js';
import { counted, type Terminal } from '../terminal.js';

/** How far each column has drifted, and why that is its verdict. */
export function columnTable(terminal: Terminal, columns: readonly ColumnDrift[]): void {
  const rows = columns.map((column) => [
    column.column,
    measured(column.psi),
    ksText(column),
    counted(column.windowCount),
    column.verdict,
    column.reason,
  ]);
  terminal.table(['column', 'PSI', 'KS with its bound', 'n', 'verdict', 'reason'], rows, ['PSI', 'n']);
}

function ksText({ ks, ksUpperBound }: ColumnDrift): string {
  return ks === null ? '-' : `${measured(ks)} to ${measured(ksUpperBound)}`;
}

function measured(value: number | null): string {
  return value === null ? '-' : value.toFixed(5);
}
