import type { IncomingWebhookSendArguments } from '@slack/webhook';
import type { AlertNotification, NotifiedAlert } from '../notifier.js';
import { escaped, escapedLine, link } from './mrkdwn.js';

/** What is posted: the text for notifications and screen readers, and the blocks for the channel. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: NonNullable<IncomingWebhookSendArguments['blocks']>;
}
type Block = SlackMessage['blocks'][number];

/** Slack's limits (Block Kit reference): blocks of a message, and characters of a section and a header. */
const MAX_BLOCKS = 50;
const MAX_SECTION_CHARACTERS = 3_000;
const MAX_HEADER_CHARACTERS = 150;
/**
 * Bytes of all blocks as JSON. Slack refuses about 13,200 characters (`msg_blocks_too_long`) and does not say what it
 * counts (bolt-js issues 2509 and 2867); bytes of the JSON are the most that it can be. The margin is for its own additions.
 */
const MAX_BLOCKS_BYTES = 12_500;
/** Slack cuts at 40,000 and a phone much earlier. */
const MAX_TEXT_CHARACTERS = 1_000;

/** How much of each part is shown. Chosen so that one alert in full always fits, whatever its alphabet. */
const SUMMARY = 300;
const DESCRIPTION = 400;
const DIAGNOSIS = 400;
const EVIDENCE_LINES = 5;
const EVIDENCE = 160;
const LABELS = 250;
const RETRAINING = 150;
const NAME = 80;
const BRIEF_SUMMARY = 150;

const SEVERITY_ORDER = [
  'critical',
  'warning',
  'info',
] as const satisfies readonly NotifiedAlert['severity'][];
const SEVERITY_EMOJI: Readonly<Record<NotifiedAlert['severity'], string>> = {
  critical: '🔴',
  warning: '🟠',
  info: '🔵',
};

/**
 * The message of a notification, within all of Slack's limits.
 *
 * Firing alerts come first, the most severe on top, each with what to do about it before the evidence. When not all fit,
 * those further down are told in one line each, and the last ones counted: the first is always there in full.
 */
export function slackMessage(notification: AlertNotification): SlackMessage {
  const alerts = inOrder(notification.alerts);
  const title = titleOf(notification, alerts);
  return {
    text: textOf(title, alerts),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: escapedLine(title, MAX_HEADER_CHARACTERS), emoji: true },
      },
      ...alertBlocks(notification, alerts),
    ],
  };
}

function inOrder(alerts: readonly NotifiedAlert[]): NotifiedAlert[] {
  const rank = ({ state, severity }: NotifiedAlert): number =>
    (state === 'firing' ? 0 : SEVERITY_ORDER.length) + SEVERITY_ORDER.indexOf(severity);
  return alerts.toSorted((a, b) => rank(a) - rank(b));
}

function titleOf({ reason, model }: AlertNotification, alerts: readonly NotifiedAlert[]): string {
  const firing = alerts.filter(({ state }) => state === 'firing');
  const [worst] = firing;
  if (worst === undefined)
    return `✅ ${model}: ${alerts.some(({ state }) => state === 'resolved') ? 'resolved' : 'superseded'}`;
  const still = reason === 'repeat-interval-elapsed' ? 'still ' : '';
  return `${SEVERITY_EMOJI[worst.severity]} ${model}: ${still}${worst.severity}, ${counted(firing.length, 'alert')} firing`;
}

function textOf(title: string, alerts: readonly NotifiedAlert[]): string {
  const lines = alerts.map(
    ({ rule, state, summary }) => `${rule}${state === 'firing' ? '' : ` (${state})`}: ${summary}`,
  );
  return escaped(
    [title, ...lines].map((line) => line.replace(/\s+/g, ' ').trim()).join('\n'),
    MAX_TEXT_CHARACTERS,
  );
}

function alertBlocks(notification: AlertNotification, alerts: readonly NotifiedAlert[]): Block[] {
  const blocks: Block[] = [];
  // Kept free: the header and the line that counts what was left out.
  let bytesLeft = MAX_BLOCKS_BYTES - 2_000;
  const fits = (more: readonly Block[]): boolean =>
    blocks.length + more.length <= MAX_BLOCKS - 2 && byteLength(more) <= bytesLeft;
  for (const [index, alert] of alerts.entries()) {
    const shown = [
      fullBlocks(alert, notification.createdAt),
      briefBlocks(alert, notification.createdAt),
    ].find(fits);
    if (shown === undefined) return [...blocks, omittedBlock(alerts.slice(index))];
    blocks.push(...shown);
    bytesLeft -= byteLength(shown);
  }
  return blocks;
}

function fullBlocks(alert: NotifiedAlert, now: string): Block[] {
  const { diagnosis, retraining } = alert;
  if (alert.state !== 'firing')
    return [{ type: 'divider' }, section([headline(alert, SUMMARY), ended(alert), links(alert)])];
  const action =
    diagnosis === null
      ? null
      : `*Do: ${escapedLine(diagnosis.action, NAME)}.* ${escapedLine(diagnosis.summary, DIAGNOSIS)}`;
  return [
    { type: 'divider' },
    section([headline(alert, SUMMARY), since(alert, now), action]),
    ...(diagnosis === null || diagnosis.evidence.length === 0
      ? []
      : [section(['*Evidence*', ...evidenceLines(diagnosis.evidence)])]),
    section([
      alert.description.trim() === '' ? null : escaped(alert.description.trim(), DESCRIPTION),
      labels(alert),
      retraining === null ? null : `*Retraining* ${escapedLine(retraining, RETRAINING)}`,
      links(alert),
    ]),
  ];
}

function briefBlocks(alert: NotifiedAlert, now: string): Block[] {
  const when = alert.state === 'firing' ? since(alert, now) : ended(alert);
  const action =
    alert.state === 'firing' && alert.diagnosis !== null
      ? `*Do: ${escapedLine(alert.diagnosis.action, NAME)}.*`
      : null;
  return [section([headline(alert, BRIEF_SUMMARY), when, action])];
}

function omittedBlock(alerts: readonly NotifiedAlert[]): Block {
  const firing = alerts.filter(({ state }) => state === 'firing').length;
  return section([`… and ${counted(alerts.length, 'more alert')}, ${firing} of them firing.`]);
}

function headline(alert: NotifiedAlert, summaryCharacters: number): string {
  const emoji = alert.state === 'firing' ? SEVERITY_EMOJI[alert.severity] : '✅';
  const summary = alert.summary.trim() === '' ? '' : `\n${escapedLine(alert.summary, summaryCharacters)}`;
  return `${emoji} *${link(alert.url, escapedLine(alert.rule, NAME))}* ${alert.severity}${summary}`;
}

function since(alert: NotifiedAlert, now: string): string {
  return `Firing since ${instant(alert.firedAt)}${lasted(' for ', alert.firedAt, now)}.`;
}

function ended({ state, firedAt, endedAt }: NotifiedAlert): string {
  const why =
    state === 'superseded'
      ? 'Superseded, which is not a recovery: what it was about is no longer judged. It fired'
      : 'Resolved. It fired';
  return `${why}${lasted(' for ', firedAt, endedAt)}: from ${instant(firedAt)}${endedAt === null ? '' : ` to ${instant(endedAt)}`}.`;
}

function evidenceLines(evidence: readonly string[]): string[] {
  const shown = evidence.slice(0, EVIDENCE_LINES).map((line) => `• ${escapedLine(line, EVIDENCE)}`);
  return evidence.length > EVIDENCE_LINES
    ? [...shown, `• … and ${evidence.length - EVIDENCE_LINES} more, behind the link`]
    : shown;
}

function labels(alert: NotifiedAlert): string | null {
  const pairs = Object.entries(alert.labels).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? null : escapedLine(pairs.join('  '), LABELS);
}

function links({ url, runbookUrl }: NotifiedAlert): string {
  return [link(url, 'Alert'), ...(runbookUrl === null ? [] : [link(runbookUrl, 'Runbook')])].join('  ·  ');
}

/** `verbatim` keeps Slack from turning `@here` or a channel's name into a mention. */
function section(lines: readonly (string | null)[]): Block {
  const text = lines.filter((line) => line !== null).join('\n');
  if (text.length > MAX_SECTION_CHARACTERS)
    throw new Error(`a section has ${text.length} characters: its parts are cut too late`);
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } };
}

function instant(rfc3339: string): string {
  return escapedLine(rfc3339.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, '$1 $2 UTC'), NAME);
}

function lasted(prefix: string, from: string, to: string | null): string {
  const ms = to === null ? NaN : Date.parse(to) - Date.parse(from);
  // An alert that has only begun has lasted no time worth naming.
  return ms >= 500 ? `${prefix}${durationInWords(ms)}` : '';
}

/** The two largest units: `2d 3h`, `1h 5m`, `42s`. */
export function durationInWords(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const units = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = units.findIndex(([count]) => count > 0);
  if (first === -1) return '0s';
  return units
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function byteLength(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
