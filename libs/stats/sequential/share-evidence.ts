import { TiltedEvidence } from './tilts.js';

/**
 * ln of odds ratios from 1.2 to 10. A tilt finds what is at least half as strong as itself, best what is as strong; more of them would
 * each cost a part of the evidence, and stronger ones hardly hasten what a few events show already.
 */
const LOG_ODDS = [0.2, 0.4, 0.7, 1.1, 1.6, 2.3] as const;

/** Which change of a share is looked for. */
export type ShareDirection = 'rise' | 'fall';

/**
 * Evidence that a share is higher (or lower) in one group than in another, collected over steps of time and valid at every look.
 *
 * The share may change from step to step, and so may the sizes of the groups: only what happens within a step is compared. Without a
 * difference, and rows independent of each other, the events of a step fall on the groups as in draws without replacement, whatever
 * the share is; no approximation is made, so the level holds for single events too. The factor of a step with y events in the second
 * group is e^(λy)/M(λ), where M bounds the moment generating function of the hypergeometric distribution by those of the
 * four binomial ones; the smallest of these is within (1 − p)(1 − θ) of its variance for a share p and a group share θ.
 *
 * Source: Hoeffding (1963), "Probability inequalities for sums of bounded random variables", theorem 4, for the bound; Lindon, Sanden
 * and Shirikian (2022), "Rapid regression detection in software deployments through sequential testing", for the use.
 */
export class ShareEvidence {
  private readonly evidence: TiltedEvidence;

  constructor(direction: ShareDirection) {
    this.evidence = new TiltedEvidence(LOG_ODDS.map((tilt) => (direction === 'rise' ? tilt : -tilt)));
  }

  /** Adds a step with `x` events in `n` rows of the first group, and `y` in `m` of the second. A step with an empty group says nothing. */
  add(x: number, n: number, y: number, m: number): void {
    const total = n + m;
    const events = x + y;
    if (!(n > 0) || !(m > 0) || !(events > 0) || !(events < total)) return;
    this.evidence.multiply((tilt) => tilt * y - logMoment({ tilt, total, events, m }));
  }

  /** See `TiltedEvidence`. */
  get nats(): number {
    return this.evidence.nats;
  }
}

interface Draws {
  readonly tilt: number;
  readonly total: number;
  readonly events: number;
  readonly m: number;
}

/** An upper bound of ln E e^(tilt·Y) for the number Y of events among m rows drawn of `total`, `events` of which are events. */
function logMoment({ tilt, total, events, m }: Draws): number {
  const share = m / total;
  const ratio = events / total;
  const up = Math.expm1(tilt);
  const down = Math.expm1(-tilt);
  return Math.min(
    events * Math.log1p(share * up),
    m * Math.log1p(ratio * up),
    tilt * m + (total - events) * Math.log1p(share * down),
    tilt * events + (total - m) * Math.log1p(ratio * down),
  );
}
