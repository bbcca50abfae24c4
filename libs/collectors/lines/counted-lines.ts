import { bucketBound } from './derive.js';
import type { Bucket } from './histogram-quantile.js';
import { signalsOf, type LabelledValue, type SignalLine, type Vector } from './line.js';

/**
 * What a version's serving processes did in a span: counts, not rates; errors are part of the requests. `latency` has cumulative classic
 * buckets in seconds, `le` rising, the last with le = Infinity; null where no histogram is read.
 */
export interface ServingCounts {
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly latency: readonly Bucket[] | null;
}

/** What a scrape counted for one version since the page before. */
export interface CountedRound {
  readonly version: string;
  readonly counts: ServingCounts;
}

/** Which of a collector's vectors count requests, errors and calls by latency; all are rates in their lines. */
export interface CountedLines {
  readonly requests: readonly Vector[];
  readonly clientErrors: readonly Vector[];
  readonly serverErrors: readonly Vector[];
  readonly latency: { readonly histogram: Vector; readonly scale: number } | null;
  /** The labels of the metrics that tell the version; none when all is of one version. */
  readonly versionLabels: readonly string[];
}

/**
 * The countable part of a collector's lines; null when requests and errors cannot be counted for single versions: no line has both, or
 * nothing says which version it is of.
 */
export function countedLines(lines: readonly SignalLine[], fixedVersion: string | null): CountedLines | null {
  const ratio = (signal: string): { of: readonly Vector[]; to: readonly Vector[] } | null => {
    const reading = lines.find((line) => line.signal === signal)?.reading;
    return reading?.kind === 'ratio' ? reading : null;
  };
  // Triton has one kind of failure, whoever is to blame.
  const [server, client] = [ratio('error_ratio_5xx') ?? ratio('failure_ratio'), ratio('error_ratio_4xx')];
  if (server === null) return null;
  const line = lines.find(({ signal }) => ['error_ratio_5xx', 'failure_ratio'].includes(signal));
  const versionLabels = line?.by['version'] ?? [];
  if (versionLabels.length === 0 && fixedVersion === null) return null;
  const quantiles = lines.find((each) => signalsOf(each).some((signal) => signal.startsWith('latency_p')));
  return {
    requests: server.to,
    serverErrors: server.of,
    clientErrors: client?.of ?? [],
    latency:
      quantiles?.reading.kind === 'quantiles'
        ? { histogram: quantiles.reading.histogram, scale: quantiles.scale }
        : null,
    versionLabels,
  };
}

/** Every vector that is counted, with the labels that have to be kept. */
export function countedVectors({
  requests,
  clientErrors,
  serverErrors,
  latency,
  versionLabels,
}: CountedLines): {
  readonly vector: Vector;
  readonly labels: readonly string[];
}[] {
  const plain = [...requests, ...clientErrors, ...serverErrors];
  return [
    ...plain.map((vector) => ({ vector, labels: versionLabels })),
    ...(latency === null ? [] : [{ vector: latency.histogram, labels: ['le', ...versionLabels] }]),
  ];
}

/** What `read` gives for the counted vectors, by version. A version without requests' series is not there; errors without series are 0. */
export function servingCounts(
  counted: CountedLines,
  fixedVersion: string | null,
  read: (vector: Vector) => readonly LabelledValue[],
): Map<string, ServingCounts> {
  const versionOf = (labels: Readonly<Record<string, string>>): string | null => {
    const label = counted.versionLabels.find((each) => (labels[each] ?? '') !== '');
    return label === undefined ? fixedVersion : (labels[label] ?? null);
  };
  const sums = (vectors: readonly Vector[]): Map<string, number> => {
    const byVersion = new Map<string, number>();
    for (const { labels, value } of vectors.flatMap(read)) {
      const version = versionOf(labels);
      if (version !== null) byVersion.set(version, (byVersion.get(version) ?? 0) + value);
    }
    return byVersion;
  };
  const [requests, clientErrors, serverErrors] = [
    sums(counted.requests),
    sums(counted.clientErrors),
    sums(counted.serverErrors),
  ];
  const latencies = counted.latency === null ? null : latencyByVersion(counted.latency, versionOf, read);
  return new Map(
    [...requests].map(([version, count]) => [
      version,
      {
        requests: count,
        clientErrors: clientErrors.get(version) ?? 0,
        serverErrors: serverErrors.get(version) ?? 0,
        latency: latencies?.get(version) ?? null,
      },
    ]),
  );
}

/** Steps of one version added up. Buckets are kept where every step has the same bounds; null otherwise. */
export function addedCounts(steps: readonly ServingCounts[]): ServingCounts {
  const sum = (count: (each: ServingCounts) => number): number =>
    steps.reduce((total, each) => total + count(each), 0);
  return {
    requests: sum(({ requests }) => requests),
    clientErrors: sum(({ clientErrors }) => clientErrors),
    serverErrors: sum(({ serverErrors }) => serverErrors),
    latency: addedBuckets(steps.map(({ latency }) => latency)),
  };
}

function addedBuckets(all: readonly (readonly Bucket[] | null)[]): Bucket[] | null {
  const [first = null] = all;
  if (first === null) return null;
  const counts = first.map(() => 0);
  for (const buckets of all) {
    if (buckets?.length !== first.length) return null;
    for (const [index, { le, count }] of buckets.entries()) {
      if (le !== first[index]?.le) return null;
      counts[index] = (counts[index] ?? 0) + count;
    }
  }
  return first.map(({ le }, index) => ({ le, count: counts[index] ?? 0 }));
}

function latencyByVersion(
  { histogram, scale }: { readonly histogram: Vector; readonly scale: number },
  versionOf: (labels: Readonly<Record<string, string>>) => string | null,
  read: (vector: Vector) => readonly LabelledValue[],
): Map<string, Bucket[]> {
  const counts = new Map<string, Map<number, number>>();
  for (const { labels, value } of read(histogram)) {
    const [le, version] = [bucketBound(labels['le']), versionOf(labels)];
    if (Number.isNaN(le) || version === null) continue;
    let byBound = counts.get(version);
    if (byBound === undefined) counts.set(version, (byBound = new Map<number, number>()));
    byBound.set(le * scale, (byBound.get(le * scale) ?? 0) + value);
  }
  return new Map(
    [...counts].map(([version, byBound]) => {
      let highest = 0;
      // Buckets are scraped at one moment, but extrapolated one by one: raise those that fall by a rounding.
      const buckets = [...byBound]
        .sort(([a], [b]) => a - b)
        .map(([le, count]) => ({ le, count: (highest = Math.max(highest, count)) }));
      return [version, buckets];
    }),
  );
}
