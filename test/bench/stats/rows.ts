import type { Times } from './timing.js';

/** One line of the report: a ratio that must reach `target`, or a size that must not exceed it. */
export interface BenchRow {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Null with the reason in `peerName` when there is none to compare with. */
  readonly peer: number | null;
  readonly peerName: string;
  /** How many times ours is better; null without a peer, and for sizes. */
  readonly ratio: number | null;
  /** Null where nothing is promised. */
  readonly target: { readonly atLeast: number } | { readonly atMost: number } | null;
}

/** Seconds of both sides in another unit, with their ratio. */
export function compared({ ours, peer }: Times, perSecond: number) {
  return {
    ours: ours * perSecond,
    peer: peer === null ? null : peer * perSecond,
    ratio: peer === null ? null : peer / ours,
  };
}

/** A row without a peer misses nothing. */
export function isMet({ ours, ratio, target }: BenchRow): boolean {
  if (target === null) return true;
  if ('atMost' in target) return ours <= target.atMost;
  return ratio === null || ratio >= target.atLeast;
}

/** Prints a table and, as the last line, one JSON object; returns whether every target is met. */
export function printRows(bench: string, rows: readonly BenchRow[]): boolean {
  console.table(
    rows.map((row) => ({
      name: row.name,
      ours: `${round(row.ours)} ${row.unit}`,
      peer: row.peer === null ? row.peerName : `${round(row.peer)} ${row.unit} (${row.peerName})`,
      ratio: row.ratio === null ? '–' : round(row.ratio),
      target: targetLabel(row),
      met:
        row.target === null || (row.ratio === null && row.peer === null && !isSize(row))
          ? '–'
          : metLabel(row),
    })),
  );
  const allMet = rows.every(isMet);
  console.log(JSON.stringify({ bench, isMet: allMet, results: rows.map(jsonRow) }));
  return allMet;
}

function isSize({ target }: BenchRow): boolean {
  return target !== null && 'atMost' in target;
}

function metLabel(row: BenchRow): string {
  return isMet(row) ? 'yes' : 'NO';
}

function targetLabel({ target, unit }: BenchRow): string {
  if (target === null) return '–';
  return 'atMost' in target ? `≤ ${target.atMost} ${unit}` : `≥ ${target.atLeast}×`;
}

function jsonRow(row: BenchRow) {
  const { name, unit, ours, peer, peerName, ratio, target } = row;
  return { name, unit, ours, peer, peerName, ratio, target, isMet: isMet(row) };
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
