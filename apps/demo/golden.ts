/** One column of January against June, as SciPy computed it. */
export interface GoldenDrift {
  readonly column: string;
  /** Nats, smoothed; on deciles for numbers, on all categories otherwise. */
  readonly psi: number;
  /** The exact two-sample Kolmogorov–Smirnov statistic; none for categories. */
  readonly ks: number | null;
}

/** Copied from test/golden/flights.json, the cases "…: January against June"; a test compares the two. */
export const JANUARY_AGAINST_JUNE: readonly GoldenDrift[] = [
  { column: 'delay', psi: 0.010036883654480848, ks: 0.02536693249864519 },
  { column: 'distance', psi: 0.0008823697673699447, ks: 0.008803898920825892 },
  { column: 'origin', psi: 0.01636837142774606, ks: null },
];

/** How far PSI may be from SciPy's. */
export const PSI_TOLERANCE = 1e-9;
/** Leeway's KS bounds are shares of counts as SciPy's statistic is: they may differ in the last bits only. */
export const KS_ROUNDING = 1e-12;
