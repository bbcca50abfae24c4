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

/** The most memory that a process ever had resident, in MB, as Linux tells it; NaN elsewhere. */
export function peakMegabytes(pid: number): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_000;
  } catch {
    return NaN;
  }
}
