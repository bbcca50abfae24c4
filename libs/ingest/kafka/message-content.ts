import { PAYLOAD_PARTS, type PayloadPart } from '#payloads';
import { LeewayError } from '#platform';
import { readContent, type IngestContent } from '../ingest-content.js';
import { MAX_PAYLOAD_BYTES, PAYLOAD_ID } from '../schemas.js';
import type { KafkaMessage } from './fetched-messages.js';
import { contentTypeOf, type SourceSpec } from './source-schema.js';

/** What a message says of itself by its headers, or its source says for it. */
export interface MessageFacts {
  readonly model: string;
  readonly version: string;
  /** As HTTP has them: names in lower case, CloudEvents' attributes behind `ce-` instead of Kafka's `ce_`. */
  readonly headers: Readonly<Record<string, string>>;
}

type Facts = Pick<SourceSpec, 'model' | 'version' | 'format' | 'part'>;

/** Reads the headers; of two with one name the last counts, as Kafka's own clients have it. Never throws. */
export function factsOf({ headers: raw }: Pick<KafkaMessage, 'headers'>, spec: Facts): MessageFacts {
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, value] of raw) {
    const text = (name?.toString('utf8') ?? '').toLowerCase();
    headers[text.startsWith('ce_') ? `ce-${text.slice(3)}` : text] = value?.toString('utf8') ?? '';
  }
  return {
    model: headers['leeway-model'] ?? spec.model,
    version: headers['leeway-version'] ?? spec.version,
    headers,
  };
}

/**
 * Reads the value, in any form that HTTP takes but Parquet.
 *
 * @throws LeewayError `body-empty`, `payload-too-large`, and what `readContent` throws
 */
export function contentOf(
  { value }: Pick<KafkaMessage, 'value'>,
  { headers }: MessageFacts,
  spec: Facts,
): IngestContent {
  if (value === null || value.length === 0)
    throw new LeewayError('body-empty', 'the message has no value; send the rows that were served');
  if (value.length > MAX_PAYLOAD_BYTES)
    throw new LeewayError(
      'payload-too-large',
      `the message has ${value.length} bytes, more than ${MAX_PAYLOAD_BYTES}; send the rows in several`,
    );
  const typed = 'content-type' in headers ? headers : { ...headers, 'content-type': contentTypeOf(spec) };
  return readContent(typed, value, { payloadId: keyOf(headers), part: partOf(headers, spec) });
}

function keyOf(headers: Readonly<Record<string, string>>): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined || PAYLOAD_ID.test(key)) return key;
  throw new LeewayError(
    'invalid-body',
    'the header idempotency-key must be 1 to 200 characters of printable ASCII without spaces',
  );
}

function partOf(headers: Readonly<Record<string, string>>, { part }: Facts): PayloadPart | undefined {
  const text = headers['leeway-part'];
  if (text === undefined) return part;
  const known = PAYLOAD_PARTS.find((each) => each === text);
  if (known !== undefined) return known;
  throw new LeewayError('invalid-body', `the header leeway-part must be one of ${PAYLOAD_PARTS.join(', ')}`);
}
