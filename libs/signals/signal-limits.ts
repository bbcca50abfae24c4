import type { Sql } from '#platform';
import { labelsKey, type SignalSample } from './schemas.js';

/** Signals of one model: label sets, not samples. A label with unbounded values must end in a refusal, not in a slow death. */
export const MAX_SIGNALS_PER_MODEL = 10_000;
/** Signals of one model that collectors may write together: what Leeway finds out itself keeps the other half. */
export const MAX_COLLECTED_SIGNALS_PER_MODEL = 5_000;
/** Signals of one model that one collector may write, so that one cannot take the place of the others. */
export const MAX_SIGNALS_PER_COLLECTOR = 2_500;

const COLLECTOR = 'collector:';

/** New signals that were not taken. Those of the same name that exist already are written on. */
export interface SignalRefusal {
  readonly code: 'signal-limit-reached';
  readonly source: string;
  readonly model: string;
  readonly name: string;
  readonly refusedCount: number;
  readonly detail: string;
}

/** A sample with the key of its signal. */
export interface KeyedSample {
  readonly sample: SignalSample;
  readonly key: string;
}

export function keyed(sample: SignalSample): KeyedSample {
  return { sample, key: labelsKey({ ...sample.labels, model: sample.model }) };
}

/**
 * Splits samples into those that are written and the signals that are refused. Signals that exist are always written. Of new ones the
 * names with the fewest come first, so that one label with many values does not keep out the signals beside it; a name is taken whole
 * or not at all.
 */
export async function admit(
  sql: Sql,
  samples: readonly KeyedSample[],
): Promise<{ written: readonly KeyedSample[]; refusals: readonly SignalRefusal[] }> {
  const fresh = await freshGroups(sql, samples);
  if (fresh.length === 0) return { written: samples, refusals: [] };
  const counts = await countsOf(sql, [...new Set(fresh.map(({ model }) => model))]);
  const refusals: SignalRefusal[] = [];
  const refusedKeys = new Set<string>();
  for (const group of fresh) {
    const limit = counts.exceededBy(group);
    if (limit === null) counts.add(group);
    else {
      refusals.push(refusalOf(group, limit));
      for (const key of group.signals.keys()) refusedKeys.add(nameKey(group.name, key));
    }
  }
  const written = samples.filter(({ sample, key }) => !refusedKeys.has(nameKey(sample.name, key)));
  return { written, refusals };
}

/** New signals of one name that one source brings for one model. */
interface FreshGroup {
  readonly source: string;
  readonly model: string;
  readonly name: string;
  /** A sample of each, by the key of its labels. */
  readonly signals: Map<string, SignalSample>;
}

/** The signals that do not exist yet, fewest first. */
async function freshGroups(sql: Sql, samples: readonly KeyedSample[]): Promise<FreshGroup[]> {
  const byKey = new Map(samples.map((each) => [nameKey(each.sample.name, each.key), each]));
  const given = [...byKey.values()].map(({ sample, key }) => ({ name: sample.name, labels_key: key }));
  const rows = await sql.query<{ name: string; labels_key: string }>(
    `select r.name, r.labels_key from json_to_recordset($1::json) as r (name text, labels_key text)
      where not exists (select 1 from signal s where s.name = r.name and s.labels_key = r.labels_key)`,
    [JSON.stringify(given)],
  );
  const groups = new Map<string, FreshGroup>();
  for (const { name, labels_key: key } of rows) {
    const sample = byKey.get(nameKey(name, key))?.sample;
    if (sample === undefined) continue;
    const { source, model } = sample;
    const id = JSON.stringify([source, model, name]);
    const group = groups.get(id) ?? { source, model, name, signals: new Map<string, SignalSample>() };
    group.signals.set(key, sample);
    groups.set(id, group);
  }
  return [...groups.values()].sort((a, b) => a.signals.size - b.signals.size || (a.name < b.name ? -1 : 1));
}

interface Limit {
  readonly of: string;
  readonly count: number;
  readonly max: number;
}

class SignalCounts {
  private readonly bySource = new Map<string, number>();

  constructor(rows: readonly { model: string; source: string; count: string }[]) {
    for (const { model, source, count } of rows) {
      for (const key of keysOf(model, source)) this.put(key, Number(count));
    }
  }

  add({ model, source, signals }: FreshGroup): void {
    for (const key of keysOf(model, source)) this.put(key, signals.size);
  }

  /** The first limit that a group would pass, or null. */
  exceededBy({ model, source, signals }: FreshGroup): Limit | null {
    const [whole, collected, own] = keysOf(model, source);
    const named = JSON.stringify(model);
    const limits: [string | undefined, string, number][] = [
      [own, `${source} may write of the model ${named}`, MAX_SIGNALS_PER_COLLECTOR],
      [collected, `collectors may write of the model ${named}`, MAX_COLLECTED_SIGNALS_PER_MODEL],
      [whole, `the model ${named} may have`, MAX_SIGNALS_PER_MODEL],
    ];
    for (const [key, of, max] of limits) {
      if (key === undefined) continue;
      const count = this.bySource.get(key) ?? 0;
      if (count + signals.size > max) return { of, count, max };
    }
    return null;
  }

  private put(key: string, count: number): void {
    this.bySource.set(key, (this.bySource.get(key) ?? 0) + count);
  }
}

/** What a signal counts towards: its model, and for one of a collector what all collectors and this one wrote. */
function keysOf(model: string, source: string): string[] {
  const whole = JSON.stringify([model]);
  if (!source.startsWith(COLLECTOR)) return [whole];
  return [whole, JSON.stringify([model, COLLECTOR]), JSON.stringify([model, COLLECTOR, source])];
}

async function countsOf(sql: Sql, models: readonly string[]): Promise<SignalCounts> {
  return new SignalCounts(
    await sql.query(
      'select model, source, count(*) as count from signal where model = any ($1::text[]) group by model, source',
      [models],
    ),
  );
}

function refusalOf({ source, model, name, signals }: FreshGroup, limit: Limit): SignalRefusal {
  const widest = widestLabel([...signals.values()]);
  const cause =
    widest === null
      ? ''
      : `; the label ${JSON.stringify(widest.label)} has the most values (${widest.count}): leave it out or sum over it`;
  const refusedCount = signals.size;
  return {
    code: 'signal-limit-reached',
    source,
    model,
    name,
    refusedCount,
    detail: `${refusedCount} new signals ${JSON.stringify(name)} were refused: there are ${limit.count} of the ${limit.max} that ${limit.of}${cause}`,
  };
}

function widestLabel(samples: readonly SignalSample[]): { label: string; count: number } | null {
  const values = new Map<string, Set<string>>();
  for (const { labels } of samples) {
    for (const [label, value] of Object.entries(labels)) {
      const known = values.get(label) ?? new Set<string>();
      known.add(value);
      values.set(label, known);
    }
  }
  const counted = [...values].map(([label, { size: count }]) => ({ label, count }));
  return counted.sort((a, b) => b.count - a.count)[0] ?? null;
}

function nameKey(name: string, key: string): string {
  return JSON.stringify([name, key]);
}
