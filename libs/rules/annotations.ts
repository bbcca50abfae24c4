import type { Labels } from '#signals';
import type { RuleSpec } from './schemas.js';

/** What a template can name: `{{ $value }}` and `{{ $labels.name }}`. */
export interface TemplateContext {
  readonly labels: Labels;
  readonly value: number | null;
}

const PLACEHOLDER = /\{\{\s*\$(value|labels\.([A-Za-z_][A-Za-z0-9_]*))\s*\}\}/g;

/** Fills a template. What it names and the alert does not have becomes an empty text. */
export function render(template: string, { labels, value }: TemplateContext): string {
  return template.replace(PLACEHOLDER, (_, what: string, label: string | undefined) => {
    if (what === 'value') return value === null ? 'unknown' : formatValue(value);
    return label === undefined ? '' : (labels[label] ?? '');
  });
}

/** The alert's summary in the rule's words, or in plain ones. */
export function summaryOf(rule: RuleSpec, context: TemplateContext): string {
  if (rule.summary !== undefined) return render(rule.summary, context);
  const { op, threshold } = rule.condition;
  const value = context.value === null ? 'unknown' : formatValue(context.value);
  return `${rule.signal} of ${context.labels['model'] ?? 'a model'} is ${value} (${op} ${formatValue(threshold)})`;
}

function formatValue(value: number): string {
  return String(Number(value.toPrecision(4)));
}
