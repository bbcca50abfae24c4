/**
 * Adjusted p-values, in the order given: comparing them with q keeps the false discovery rate at or below q.
 *
 * p_(i)·k/i, made monotone from the largest down, at most 1; nulls and NaN give null and do not count in k.
 * Valid under independence or positive dependence. Source: Benjamini and Hochberg (1995). Golden values:
 * SciPy 1.17.1, `false_discovery_control`.
 */
export function benjaminiHochberg(pValues: readonly (number | null)[]): (number | null)[] {
  const ranked = pValues
    .flatMap((p, index) => (p === null || Number.isNaN(p) ? [] : [{ p, index }]))
    .sort((a, b) => b.p - a.p);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let smallest = 1;
  ranked.forEach(({ p, index }, i) => {
    // At least p: rounding must not take (p·k)/k below it.
    smallest = Math.min(smallest, Math.max(p, (p * ranked.length) / (ranked.length - i)));
    adjusted[index] = smallest;
  });
  return adjusted;
}
