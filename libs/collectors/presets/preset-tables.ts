import { signalsOf } from '../lines/line.js';
import { presetLines } from './preset-lines.js';
import { presetUseSchema } from './preset-schema.js';
import { PRESET_NAMES, PRESETS, type PresetName } from './presets.js';

const CONTEXT = { model: 'm', windowMs: 300_000 };

/** What a preset gives, for people: a table in Markdown, with its parameters and remarks. */
export function presetTable(name: PresetName): string {
  const { title, parameters, modelParameter, remarks, lines, versionLabel } = PRESETS[name];
  const resolved = presetLines(presetUseSchema.parse({ preset: name }), CONTEXT);
  const rows = lines.map(({ unit, meaning, by, isOptional }, index) => {
    const line = resolved[index];
    const signals = line === undefined ? '' : signalsOf(line).map(code).join(', ');
    const labels = Object.keys(by ?? {})
      .map(code)
      .join(', ');
    return `| ${signals} | ${unit} | ${labels} | ${meaning}${isOptional === true ? ' Not everywhere.' : ''} |`;
  });
  const named = Object.entries(parameters).map(
    ([key, meaning]) =>
      `- ${code(key)}: ${meaning}${key === modelParameter ? '; by default the model' : ''}.`,
  );
  const version =
    versionLabel === null
      ? 'No label tells the version: name one with `versionLabel` if your series have it.'
      : `The version is the label ${code(versionLabel)}.`;
  return [
    `### ${code(name)}: ${title}`,
    '',
    `${version}${named.length === 0 ? '' : ' Parameters:'}`,
    ...(named.length === 0 ? [] : ['', ...named]),
    '',
    '| signal | unit | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(remarks.length === 0 ? [] : ['', ...remarks.map((remark) => `- ${remark}`)]),
    '',
  ].join('\n');
}

/** All of them, as they stand in docs/collectors.md. */
export function presetTables(): string {
  return PRESET_NAMES.map(presetTable).join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
