import type { GroundTruth } from '#ground-truth';
import type { ColumnSpec, Version } from '#registry';
import type { StoredCapturedRow } from './captured-rows.js';

type Page = readonly StoredCapturedRow[];

/** Pages of captured rows whose ground truth, where the version has a column for it, is what has come since they were served. */
export async function* labelledPages(
  pages: AsyncIterable<Page>,
  version: Version,
  groundTruth: GroundTruth,
): AsyncGenerator<Page> {
  const { redactedColumns } = version.model.capture;
  const column = version.columns.find(({ role }) => role === 'groundTruth');
  for await (const page of pages) {
    if (column === undefined || redactedColumns.includes(column.name)) yield page;
    else yield await labelled(page, column, version, groundTruth);
  }
}

async function labelled(
  page: Page,
  { name, type }: ColumnSpec,
  { model }: Version,
  groundTruth: GroundTruth,
): Promise<Page> {
  const truths = await groundTruth.valuesOf(
    model.id,
    page.map(({ inferenceId }) => inferenceId),
  );
  return page.map((row) => {
    const truth = truths.get(row.inferenceId);
    if (truth === undefined) return row;
    const value = type === 'numeric' ? Number(truth.value) : truth.value;
    return { ...row, values: { ...row.values, [name]: value } };
  });
}
