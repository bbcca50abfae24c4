import { derive, type DerivedValue } from '../lines/derive.js';
import {
  neededVectors,
  signalsOf,
  vectorsOf,
  type LabelledValue,
  type SignalLine,
  type Vector,
} from '../lines/line.js';
import { vectorLabels, vectorQuery, type LookBack } from '../lines/promql.js';

/** A query, and how many series its answer may have. */
export interface PlannedQuery {
  readonly text: string;
  readonly maxSeries: number;
}

/** More series than this is a query without an aggregation; each one would become a signal. */
const MAX_SERIES_OF_SIGNALS = 1_000;
/** A histogram has a series for each bucket. */
const MAX_SERIES_OF_VECTOR = 20_000;

/** What a query gave: its values, or nothing that can be used. */
export type Answer = readonly LabelledValue[] | null;

/** What a line gave. `missing` are the queries that had to have data and had none. */
export interface LineResult {
  readonly line: SignalLine;
  readonly values: readonly DerivedValue[];
}

/** The queries that a list of lines needs, each asked once, and what the lines make of the answers. */
export class QueryPlan {
  readonly queries: readonly PlannedQuery[];
  private readonly texts = new Map<Vector, string>();

  constructor(
    private readonly lines: readonly SignalLine[],
    lookBack: LookBack,
  ) {
    const queries = new Map<string, PlannedQuery>();
    for (const line of lines) {
      if (line.reading.kind === 'promql')
        queries.set(line.reading.query, { text: line.reading.query, maxSeries: MAX_SERIES_OF_SIGNALS });
      for (const vector of vectorsOf(line)) {
        const text = vectorQuery(vector, vectorLabels(line), lookBack);
        this.texts.set(vector, text);
        if (!queries.has(text)) queries.set(text, { text, maxSeries: MAX_SERIES_OF_VECTOR });
      }
    }
    this.queries = [...queries.values()];
  }

  /** The signals that need this query: what its failure is about. */
  signalsFor(text: string): readonly string[] {
    return this.lines.filter((line) => this.queriesOf(line).includes(text)).flatMap(signalsOf);
  }

  /** The lines whose answers are all there, with what they give. */
  results(answers: ReadonlyMap<string, Answer>): LineResult[] {
    return this.lines.flatMap((line) => {
      const isWhole = this.queriesOf(line).every((text) => (answers.get(text) ?? null) !== null);
      return isWhole ? [{ line, values: this.valuesOf(line, answers) }] : [];
    });
  }

  /** Whether a line cannot be measured for want of data, in answers that are all there. */
  isWithoutData(line: SignalLine, answers: ReadonlyMap<string, Answer>): boolean {
    if (line.isOptional) return false;
    const { reading } = line;
    if (reading.kind === 'promql') return answers.get(reading.query)?.length === 0;
    return neededVectors(line).every((vector) => answers.get(this.texts.get(vector) ?? '')?.length === 0);
  }

  private valuesOf(line: SignalLine, answers: ReadonlyMap<string, Answer>): readonly DerivedValue[] {
    if (line.reading.kind !== 'promql')
      return derive(line, (vector) => answers.get(this.texts.get(vector) ?? '') ?? []);
    const { signal, reading } = line;
    return (answers.get(reading.query) ?? []).map(({ labels, value }) => ({
      ...{ signal, labels, value, isAtLeast: false },
    }));
  }

  private queriesOf(line: SignalLine): readonly string[] {
    if (line.reading.kind === 'promql') return [line.reading.query];
    return vectorsOf(line).map((vector) => this.texts.get(vector) ?? '');
  }
}
