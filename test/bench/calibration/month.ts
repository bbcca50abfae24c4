import {
  buildGrid,
  compareProfiles,
  type DesignEffects,
  emptyProfile,
  foldColumns,
  type Grid,
  mergeProfiles,
  modelVerdict,
  type NamedColumn,
  type Profile,
  spanDesignEffects,
  twoSampleKs,
} from '#stats';
import { Chance } from './chance.js';
import { combinedBinsPsi, type PeerAlarms } from './peers.js';

/** Rows of one user come together. */
const CLUSTER = 20;
/** Share of a row's variance that it has in common with the other rows of its cluster. */
const IN_COMMON = 0.5;
/** Amplitudes of the cycles in standard deviations; the weekend differs from the other days by the weekly one. */
const DAILY = 0.5;
const WEEKLY = 0.1;
const DAYS = 30;
const BASELINE_DAYS = 28;
const BASELINE_ROWS = 100_000;
const SPAN_HOURS = 24;
/** Numeric columns; half as many categorical ones. */
const NUMERIC = 8;
const CATEGORICAL = 4;
const CATEGORY_COUNT = 8;

/** False alerts of one model in one month, by rule: times at which the rule began to hold. */
export interface MonthAlerts {
  readonly column: number;
  readonly model: number;
  /** Any column, with every row taken for independent. */
  readonly withoutDesignEffect: number;
  readonly peers: Readonly<Record<keyof PeerAlarms, number>>;
  /** Share of evaluations in which a column is `insufficient`. */
  readonly insufficientShare: number;
  readonly meanDesignEffect: number;
}

/** One month of hourly evaluations of a model on which nothing ever changes but the hours and days. */
export function simulatedMonth(rowsPerHour: number, seed: number): MonthAlerts {
  const chance = new Chance(seed);
  const phases = Array.from({ length: NUMERIC + CATEGORICAL }, () => 2 * Math.PI * chance.uniform());
  const traffic = new Traffic(rowsPerHour, phases, chance);
  const { grid, baseline, raw } = baselineOf(traffic, chance);
  const tally = new Tally();
  const hours: Hour[] = [];
  for (let hour = 0; hour < DAYS * 24 + SPAN_HOURS; hour++) {
    const columns = traffic.hour(BASELINE_DAYS * 24 + hour);
    hours.push({ start: hour * 3_600_000, profile: profileOf(grid, columns), columns });
    if (hours.length > SPAN_HOURS) hours.shift();
    if (hour >= SPAN_HOURS) tally.add(evaluation(baseline, raw, hours));
  }
  return tally.alerts();
}

interface Hour {
  readonly start: number;
  readonly profile: Profile;
  readonly columns: readonly NamedColumn[];
}

/** The rows of a service, hour by hour: a daily cycle in their number, a daily and a weekly one in their values. */
class Traffic {
  constructor(
    private readonly rowsPerHour: number,
    private readonly phases: readonly number[],
    private readonly chance: Chance,
  ) {}

  hour(hour: number): NamedColumn[] {
    const angle = (2 * Math.PI * hour) / 24;
    const load = (this.rowsPerHour / CLUSTER) * (1 + 0.6 * Math.sin(angle));
    const clusters = Math.max(0, Math.round(load + Math.sqrt(load) * this.chance.normal()));
    const isWeekend = Math.floor(hour / 24) % 7 >= 5;
    return this.phases.map((phase, j) => {
      const level = DAILY * Math.sin(angle + phase) + (isWeekend ? WEEKLY : 0);
      return columnOf(j, this.values(clusters, level));
    });
  }

  private values(clusters: number, level: number): Float64Array {
    const values = new Float64Array(clusters * CLUSTER);
    for (let cluster = 0, i = 0; cluster < clusters; cluster++) {
      const common = Math.sqrt(IN_COMMON) * this.chance.normal();
      for (let row = 0; row < CLUSTER; row++)
        values[i++] = level + common + Math.sqrt(1 - IN_COMMON) * this.chance.normal();
    }
    return values;
  }
}

/** Normal, lognormal and whole numbers by turns; then categories. */
function columnOf(j: number, latent: Float64Array): NamedColumn {
  const name = `f${j}`;
  if (j < NUMERIC) {
    const map = [(x: number) => x, Math.exp, (x: number) => Math.round(3 * x)][j % 3]!;
    return { name, values: { kind: 'numeric', values: latent.map((x) => map(x)), invalidCount: 0 } };
  }
  const categories = Array.from(latent, (x) => {
    const place = Math.floor(((Math.tanh(x) + 1) / 2) * CATEGORY_COUNT);
    return `c${Math.min(CATEGORY_COUNT - 1, place)}`;
  });
  return { name, values: { kind: 'categorical', values: categories, invalidCount: 0 } };
}

function profileOf(grid: Grid, columns: readonly NamedColumn[]): Profile {
  const profile = emptyProfile(grid);
  foldColumns(profile, columns[0]?.values.values.length ?? 0, columns);
  return profile;
}

/** Rows of four weeks drawn at random, as a training set is; sorted raw values for the peers. */
function baselineOf(traffic: Traffic, chance: Chance) {
  const weeks = Array.from({ length: BASELINE_DAYS * 24 }, (_, hour) => traffic.hour(hour));
  const rows = weeks.flatMap((columns, hour) =>
    Array.from({ length: columns[0]!.values.values.length }, (_, row) => [hour, row] as const),
  );
  const drawnRows = Array.from({ length: Math.min(BASELINE_ROWS, rows.length) }, (_, i) => {
    const place = i + chance.below(rows.length - i);
    [rows[i], rows[place]] = [rows[place]!, rows[i]!];
    return rows[i];
  });
  const columns = weeks[0]!.map(({ name, values }, j): NamedColumn => {
    const cells = drawnRows.map(([hour, row]) => weeks[hour]![j]!.values.values[row]!);
    return values.kind === 'numeric'
      ? { name, values: { kind: 'numeric', values: Float64Array.from(cells as number[]), invalidCount: 0 } }
      : { name, values: { kind: 'categorical', values: cells as string[], invalidCount: 0 } };
  });
  const grid = buildGrid(columns);
  const raw = columns.map(({ values }) => (values.kind === 'numeric' ? values.values.toSorted() : null));
  return { grid, baseline: profileOf(grid, columns), raw };
}

interface Evaluation {
  readonly rules: Readonly<Record<Rule, boolean>>;
  readonly insufficientShare: number;
  readonly meanDesignEffect: number;
}
type Rule = 'column' | 'model' | 'withoutDesignEffect' | keyof PeerAlarms;

function evaluation(
  baseline: Profile,
  raw: readonly (Float64Array | null)[],
  hours: readonly Hour[],
): Evaluation {
  const span = emptyProfile(baseline.grid);
  for (const { profile } of hours) mergeProfiles(span, profile);
  const windowEffects = spanDesignEffects(hours);
  const drifts = compareProfiles(baseline, span, { windowEffects });
  const naive = compareProfiles(baseline, span);
  const verdict = modelVerdict(drifts.map(({ column, verdict }) => ({ column, role: 'feature', verdict })));
  const peers = drifts.map((drift, j): PeerAlarms => {
    const values = raw[j];
    if (values === null || values === undefined) {
      const [p, js] = [naive[j]?.pValue ?? 1, drift.jensenShannon ?? 0];
      return { psi: (drift.psi ?? 0) >= 0.1, pValue: p <= 0.05, distance: js >= 0.1 };
    }
    const window = rawWindow(hours, j);
    return {
      psi: combinedBinsPsi(values, window) >= 0.1,
      pValue: (twoSampleKs(values, window)?.pValue ?? 1) <= 0.05,
      distance: (drift.wassersteinNormalized ?? 0) >= 0.1,
    };
  });
  return {
    rules: {
      column: drifts.some((drift) => drift.verdict === 'drifted'),
      model: verdict.verdict === 'drifted',
      withoutDesignEffect: naive.some((drift) => drift.verdict === 'drifted'),
      psi: peers.some(({ psi }) => psi),
      pValue: peers.some(({ pValue }) => pValue),
      distance: peers.some(({ distance }) => distance),
    },
    insufficientShare: drifts.filter((drift) => drift.verdict === 'insufficient').length / drifts.length,
    meanDesignEffect: meanEffect(windowEffects),
  };
}

function rawWindow(hours: readonly Hour[], j: number): Float64Array {
  const parts = hours.map(({ columns }) => columns[j]!.values.values as Float64Array);
  const values = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part, at);
    at += part.length;
  }
  return values.sort();
}

function meanEffect(effects: DesignEffects): number {
  let total = 0;
  for (const { values } of effects.values()) total += values;
  return total / effects.size;
}

/** Counts how often each rule began to hold in two of the last three evaluations. */
class Tally {
  private readonly last = new Map<Rule, boolean[]>();
  private readonly began = new Map<Rule, number>();
  private readonly isFiring = new Map<Rule, boolean>();
  private evaluations = 0;
  private insufficient = 0;
  private effects = 0;

  add({ rules, insufficientShare, meanDesignEffect }: Evaluation): void {
    this.evaluations++;
    this.insufficient += insufficientShare;
    this.effects += meanDesignEffect;
    for (const [rule, holds] of Object.entries(rules) as [Rule, boolean][]) {
      const last = [...(this.last.get(rule) ?? []), holds].slice(-3);
      this.last.set(rule, last);
      const fires = last.filter(Boolean).length >= 2;
      if (fires && this.isFiring.get(rule) !== true) this.began.set(rule, (this.began.get(rule) ?? 0) + 1);
      this.isFiring.set(rule, fires);
    }
  }

  alerts(): MonthAlerts {
    const of = (rule: Rule): number => this.began.get(rule) ?? 0;
    return {
      column: of('column'),
      model: of('model'),
      withoutDesignEffect: of('withoutDesignEffect'),
      peers: { psi: of('psi'), pValue: of('pValue'), distance: of('distance') },
      insufficientShare: this.insufficient / this.evaluations,
      meanDesignEffect: this.effects / this.evaluations,
    };
  }
}
