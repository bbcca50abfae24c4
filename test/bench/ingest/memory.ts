import { readFileSync } from 'node:fs';

/** The resident memory of a process in MB, as Linux tells it; NaN elsewhere. */
export function residentMegabytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return (pages * 4096) / 1e6;
  } catch {
    return NaN;
  }
}
