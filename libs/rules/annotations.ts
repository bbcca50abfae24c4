import type { Labels } from '#signals';
import type { RuleSpec } from './schemas.js';

/** What a template can name: `{{ $value }}` and `{{ $labels.name }}`. */
export interface TemplateContext {
  readonly labels: Labels;
  readonly value: number | null;
  /** The true value is this or more. */
  readonly isAtLeast?: boolean;
}

const PLACEHOLDER = /\{\{\s*\$(value|labels\.([A-Za-z_][A-Za-z0-9_]*))\s*\}\}/g;

/** Fills a template. What it names and the alert does not have becomes an empty text. */
export function render(template: string, context: TemplateContext): string {
  const { labels } = context;
  return template.replace(PLACEHOLDER, (_, what: string, label: string | undefined) => {
    if (what === 'value') return valueText(context);
    return label === undefined ? '' : (labels[label] ?? '');
  });
}

/** The alert's summary in the rule's words, or in plain ones. */
export function summaryOf(rule: RuleSpec, context: TemplateContext): string {
  if (rule.summary !== undefined) return render(rule.summary, context);
  const { op, threshold } = rule.condition;
  return `${rule.signal} of ${context.labels['model'] ?? 'a model'} is ${valueText(context)} (${op} ${formatValue(threshold)})`;
}

function valueText({ value, isAtLeast = false }: TemplateContext): string {
  if (value === null) return 'unknown';
  return isAtLeast ? `at least ${formatValue(value)}` : formatValue(value);
}

function formatValue(value: number): string {
  return String(Number(value.toPrecision(4)));
}
