import { LeewayError, type ErrorPlace } from '#platform';
import type { Grid } from '#stats';
import type { Version } from './models.js';
import { isRequired } from './baseline-source/source.js';

/**
 * Refuses a baseline whose columns are not those of the version that is to inherit it: production would be counted on cells that
 * were made for something else.
 *
 * @throws LeewayError `baseline-columns-differ` that names every column that does not fit, and why
 */
export function checkFit(grid: Grid, from: Version, to: Version): void {
  const places = misfits(grid, from, to);
  if (places.length === 0) return;
  throw new LeewayError(
    'baseline-columns-differ',
    `version ${JSON.stringify(to.name)} cannot inherit a baseline of ${JSON.stringify(from.name)}: ${places.map(({ detail }) => detail).join('; ')}`,
    { places },
  );
}

function misfits(grid: Grid, from: Version, to: Version): ErrorPlace[] {
  const theirs = new Map(from.columns.map((column) => [column.name, column]));
  const ours = new Map(to.columns.map((column) => [column.name, column]));
  const inGrid = new Set(grid.columns.map(({ name }) => name));
  const place = (name: string, detail: string): ErrorPlace => ({
    pointer: `/columns/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
    detail: `${JSON.stringify(name)} ${detail}`,
  });
  const lacking = to.columns
    .filter((column) => isRequired(column) && !inGrid.has(column.name))
    .map(({ name }) => place(name, `is not in the baseline`));
  const differing = [...inGrid].flatMap((name): ErrorPlace[] => {
    const [their, our] = [theirs.get(name), ours.get(name)];
    if (their === undefined) return [];
    if (our === undefined) return [place(name, `is no column of ${JSON.stringify(to.name)}`)];
    if (our.type !== their.type)
      return [
        place(
          name,
          `is ${our.type} in ${JSON.stringify(to.name)} and ${their.type} in ${JSON.stringify(from.name)}`,
        ),
      ];
    return our.role === their.role
      ? []
      : [
          place(
            name,
            `is a ${our.role} in ${JSON.stringify(to.name)} and a ${their.role} in ${JSON.stringify(from.name)}`,
          ),
        ];
  });
  return [...lacking, ...differing];
}
