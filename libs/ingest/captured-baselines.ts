import { LeewayError, toRfc3339, type Database, type ErrorPlace } from '#platform';
import type {
  BaselineDetails,
  Baselines,
  ColumnSpec,
  Models,
  RegistrationOptions,
  SourceRow,
  Version,
} from '#registry';
import { capturedCell } from './captured-export.js';
import { MAX_CAPTURED_LENGTH } from './captured-part.js';
import type { CapturedRows } from './captured-rows.js';
import type { TimeRange } from './windows.js';

/** Which captured rows: those of whole inferences whose windows start in the range. */
export interface CapturedSource {
  /** Whose rows; those of the version itself when left out. */
  readonly version?: string | undefined;
  readonly range: TimeRange;
}

/** A baseline of captured rows, and the columns that it is without because captured rows do not have them whole. */
export interface CapturedBaseline extends BaselineDetails {
  readonly leftOutColumns: readonly string[];
}

/**
 * Makes baselines of captured rows. They are a sample: of a busy window its `maxRowsPerWindow` rows, so that quiet hours have a larger
 * part in it than in production.
 */
export class CapturedBaselines {
  constructor(
    private readonly database: Database,
    private readonly models: Models,
    private readonly baselines: Baselines,
    private readonly capturedRows: CapturedRows,
  ) {}

  /**
   * Registers captured rows as a baseline, a page of them in memory at a time. Left out are redacted columns, and texts of which
   * capturing has cut one.
   *
   * @throws LeewayError `baseline-empty` when there are none, `baseline-columns-differ` where the other version's are not these
   */
  async register(
    modelName: string,
    versionName: string,
    { version: from = versionName, range }: CapturedSource,
    options: RegistrationOptions = {},
  ): Promise<CapturedBaseline> {
    const target = await this.models.getVersion(modelName, versionName);
    const source = from === versionName ? target : await this.models.getVersion(modelName, from);
    const { redactedColumns } = target.model.capture;
    const columns = target.columns.filter(({ name }) => !redactedColumns.includes(name));
    refuseMisfits(source, target, columns);
    if ((await this.count(source, range)) === 0) throw noRows(source, range);
    const cut = await this.cutTexts(source, range, columns);
    const leftOutColumns = target.columns
      .map(({ name }) => name)
      .filter((name) => redactedColumns.includes(name) || cut.includes(name));
    const pages = valuesOf(this.capturedRows.pages(source, range, 'whole'), columns);
    const details = await this.baselines.register(
      modelName,
      versionName,
      { kind: 'captured-rows', pages, leftOut: leftOutColumns },
      options,
    );
    return { ...details, leftOutColumns };
  }

  /** How many whole rows were captured in the range. Served by captured_row_version. */
  async count(version: Version, range: TimeRange): Promise<number> {
    const [row] = await this.database.query<{ count: string }>(
      `select count(*) as count from captured_row where ${IN_RANGE}`,
      valuesOfRange(version, range),
    );
    return Number(row?.count ?? 0);
  }

  /** The text columns of which some value was cut, or looks so: shorter lengths than production's would be compared with them. */
  private async cutTexts(
    version: Version,
    range: TimeRange,
    columns: readonly ColumnSpec[],
  ): Promise<string[]> {
    const texts = columns.filter(({ type }) => type === 'text').map(({ name }) => name);
    if (texts.length === 0) return [];
    // Lengths are of characters here and of UTF-16 code units there, of which a character has at most two.
    const rows = await this.database.query<{ name: string }>(
      `select name from unnest($4::text[]) as text_column (name)
        where exists (select 1 from captured_row where ${IN_RANGE}
                         and length(row_values ->> name) >= $5 and right(row_values ->> name, 1) = '…')`,
      [...valuesOfRange(version, range), texts, MAX_CAPTURED_LENGTH / 2],
    );
    return rows.map(({ name }) => name);
  }
}

const IN_RANGE = `version_id = $1 and window_start >= $2 and window_start < $3 and part = 'whole'`;

function valuesOfRange({ id }: Version, { from, to }: TimeRange): [string, string, string] {
  return [id, toRfc3339(from), toRfc3339(to)];
}

/** The values of captured rows as JSON rows of training data have them. */
async function* valuesOf(
  pages: ReturnType<CapturedRows['pages']>,
  columns: readonly ColumnSpec[],
): AsyncGenerator<SourceRow[]> {
  for await (const rows of pages)
    yield rows.map(({ values }) =>
      Object.fromEntries(
        columns
          .filter(({ name }) => Object.hasOwn(values, name))
          .map(({ name, type }) => [name, capturedCell(values[name], type)]),
      ),
    );
}

function refuseMisfits(source: Version, target: Version, columns: readonly ColumnSpec[]): void {
  const types = new Map(source.columns.map(({ name, type }) => [name, type]));
  const places = columns.flatMap(({ name, type, role }): ErrorPlace[] => {
    const theirs = types.get(name);
    if (theirs === type || (theirs === undefined && role === 'groundTruth')) return [];
    const detail = `${JSON.stringify(name)} is ${theirs === undefined ? 'no column' : theirs} in ${JSON.stringify(source.name)} and ${type} in ${JSON.stringify(target.name)}`;
    return [{ pointer: '/capturedRows/version', detail }];
  });
  if (places.length === 0) return;
  throw new LeewayError(
    'baseline-columns-differ',
    `the captured rows of version ${JSON.stringify(source.name)} do not fit ${JSON.stringify(target.name)}: ${places.map(({ detail }) => detail).join('; ')}`,
    { places },
  );
}

function noRows({ name, model }: Version, { from, to }: TimeRange): LeewayError {
  const { fraction, maxRowsPerWindow } = model.capture;
  const why =
    fraction === 0 || maxRowsPerWindow === 0
      ? `; nothing is captured of ${JSON.stringify(model.name)}, since its capture is switched off`
      : '';
  return new LeewayError(
    'baseline-empty',
    `no whole rows of version ${JSON.stringify(name)} were captured in windows that start from ${toRfc3339(from)} on and before ${toRfc3339(to)}${why}`,
  );
}
