/** Rows of 24 numeric and 6 categorical features with an id, a time and a score: what a busy service sends. */
export const FEATURE_COUNT = 30;
const NUMERIC_COUNT = 24;
const CATEGORIES = 20;

export interface BenchRow {
  readonly inferenceId: string;
  readonly timestamp: string;
  readonly values: Readonly<Record<string, number | string>>;
}

export const COLUMNS: readonly { name: string; role: string; type: string }[] = [
  ...Array.from({ length: FEATURE_COUNT }, (_, index) => ({
    name: `feature_${index}`,
    role: 'feature',
    type: index < NUMERIC_COUNT ? 'numeric' : 'categorical',
  })),
  { name: 'score', role: 'score', type: 'numeric' },
];

/** Row `index` of a stream; numbers of six digits. */
export function benchRow(index: number, at: Date): BenchRow {
  const values: Record<string, number | string> = {};
  COLUMNS.forEach(({ name, type }, column) => {
    const noise = Math.sin(index * 12.9898 + column * 78.233) * 43_758.5453;
    const uniform = noise - Math.floor(noise);
    values[name] =
      type === 'numeric' ? Math.round(uniform * 1e6) / 1e3 : `category-${Math.floor(uniform * CATEGORIES)}`;
  });
  return { inferenceId: `inference-${index}`, timestamp: at.toISOString(), values };
}

/** The forms in which the benchmark sends the same rows. */
export const FORMS = ['JSON rows', 'JSON columns', 'V2 JSON', 'V2 binary'] as const;
export type Form = (typeof FORMS)[number];

export interface BenchBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export function bodyOf(form: Form, rows: readonly BenchRow[]): BenchBody {
  const json = (value: unknown): BenchBody => ({
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  });
  switch (form) {
    case 'JSON rows':
      return json({ rows });
    case 'JSON columns':
      return json({
        columns: Object.fromEntries(
          COLUMNS.map(({ name }) => [name, rows.map(({ values }) => values[name])]),
        ),
        inferenceIds: rows.map(({ inferenceId }) => inferenceId),
        timestamps: rows.map(({ timestamp }) => timestamp),
      });
    case 'V2 JSON':
      return json({
        id: rows[0]?.inferenceId,
        inputs: tensors(rows, 0, FEATURE_COUNT).map(({ bytes: _, ...tensor }) => tensor),
        outputs: tensors(rows, FEATURE_COUNT, COLUMNS.length).map(({ bytes: _, ...tensor }) => tensor),
      });
    case 'V2 binary':
      return binary(rows);
  }
}

function tensors(rows: readonly BenchRow[], from: number, to: number) {
  return COLUMNS.slice(from, to).map(({ name, type }) => {
    const data = rows.map(({ values }) => values[name]);
    return {
      name,
      shape: [rows.length],
      datatype: type === 'numeric' ? 'FP64' : 'BYTES',
      data,
      bytes:
        type === 'numeric'
          ? Buffer.from(Float64Array.from(data as number[]).buffer)
          : texts(data as string[]),
    };
  });
}

function texts(data: readonly string[]): Buffer {
  return Buffer.concat(
    data.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(text));
      return [length, Buffer.from(text)];
    }),
  );
}

function binary(rows: readonly BenchRow[]): BenchBody {
  const all = tensors(rows, 0, COLUMNS.length);
  const spec = all.map(({ name, shape, datatype, bytes }) => ({
    name,
    shape,
    datatype,
    parameters: { binary_data_size: bytes.length },
  }));
  const head = Buffer.from(
    JSON.stringify({
      id: rows[0]?.inferenceId,
      inputs: spec.slice(0, FEATURE_COUNT),
      outputs: spec.slice(FEATURE_COUNT),
    }),
  );
  return {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    },
    body: Buffer.concat([head, ...all.map(({ bytes }) => bytes)]),
  };
}
