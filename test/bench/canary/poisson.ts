import type { Chance } from '../calibration/chance.js';

/** Mean from which products of uniforms take longer than rejection. */
const MAX_PRODUCT_MEAN = 12;

/** A Poisson number of any mean, exact. Source: Hörmann (1993), "The transformed rejection method for generating Poisson random variables", PTRS. */
export function poisson(mean: number, chance: Chance): number {
  if (mean <= 0) return 0;
  if (mean < MAX_PRODUCT_MEAN) return chance.poisson(mean);
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const vr = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = chance.uniform() - 0.5;
    const v = chance.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const accepted = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (accepted <= k * Math.log(mean) - mean - logFactorial(k)) return k;
  }
}

/** ln k!, by Stirling's series from 10 on: error below 1e-11. */
function logFactorial(k: number): number {
  if (k < 10) {
    let product = 1;
    for (let i = 2; i <= k; i++) product *= i;
    return Math.log(product);
  }
  const x = k + 1;
  return (
    (x - 0.5) * Math.log(x) -
    x +
    0.5 * Math.log(2 * Math.PI) +
    1 / (12 * x) -
    1 / (360 * x ** 3) +
    1 / (1260 * x ** 5)
  );
}
