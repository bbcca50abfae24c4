import { LeewayError, type ErrorPlace } from '#platform';
import { profileOfSummary, summaryProblems, type NamedColumnSummary, type Profile } from '#stats';
import { matchColumns } from './baseline-source/source.js';
import type { Version } from './models.js';
import type { ProfileSpec } from './profile-schema.js';
import type { ColumnSpec } from './schemas.js';
import { segmentColumnsOf } from './segments.js';

/** Problems that are listed; one wrong rule makes the same one in every column. */
const MAX_LISTED_PROBLEMS = 20;

/** What a profile that was made elsewhere gives a version. */
export interface ProfileOfSpec {
  readonly profile: Profile;
  readonly segments: readonly string[] | null;
}

/**
 * The profile on its grid, columns in the order of the schema; what the schema does not know is left out.
 *
 * @throws LeewayError `baseline-unreadable` that names every column it lacks, and everything in it that cannot be
 */
export function profileOfSpec({ rowCount, columns, segments }: ProfileSpec, version: Version): ProfileOfSpec {
  const problems: ErrorPlace[] = summaryProblems({ rowCount, columns }).map(({ path, message }) => ({
    pointer: `/profile/${path.join('/')}`,
    detail: message,
  }));
  const matched = matchColumns(
    version.columns,
    columns.map(({ name }) => name),
    'the profile',
  );
  const ordered = matched.flatMap((spec) => {
    const index = columns.findIndex(({ name }) => name === spec.name);
    const column = columns[index];
    if (column === undefined) return [];
    const detail = misfitOf(column, spec);
    if (detail !== null) problems.push({ pointer: `/profile/columns/${index}`, detail });
    return [column];
  });
  if (problems.length > 0) throw impossible(problems);
  const profile = profileOfSummary({ rowCount, columns: ordered });
  // Of one segment column the categories are known; of several it is not known which go together.
  const unknown = segmentColumnsOf(version.columns).length === 1 ? null : [];
  return { profile, segments: segments ?? unknown };
}

function misfitOf(column: NamedColumnSummary, { name, type }: ColumnSpec): string | null {
  const expected = type === 'boolean' ? 'categorical' : type;
  if (column.kind !== expected)
    return `${JSON.stringify(name)} is ${column.kind} here, and ${type} in the schema, which needs ${expected}`;
  if (type !== 'boolean' || column.kind !== 'categorical') return null;
  const stray = column.categories.find(({ value }) => value !== 'true' && value !== 'false');
  return stray === undefined
    ? null
    : `${JSON.stringify(name)} is boolean and has the value ${JSON.stringify(stray.value)}`;
}

function impossible(problems: readonly ErrorPlace[]): LeewayError {
  const listed = problems.slice(0, MAX_LISTED_PROBLEMS);
  const more = problems.length > listed.length ? ` and ${problems.length - listed.length} more` : '';
  return new LeewayError(
    'baseline-unreadable',
    `the profile cannot be of any rows at ${listed.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ')}${more}`,
    { places: listed },
  );
}
