import { LeewayError, messageOf, nameSchema, type Clock, type Instant } from '#platform';
import { isDeadLetterReason, type DeadLetterReason } from '../dead-letter-reasons.js';
import type { Ingest, StoredMessage } from '../ingest.js';
import type { NewDeadLetter } from '../source-progress.js';
import type { VersionContext } from '../version-context.js';
import type { KafkaMessage } from './fetched-messages.js';
import { contentOf, factsOf, type MessageFacts } from './message-content.js';
import type { SourceSpec } from './source-schema.js';

/** Where a message was read. */
export interface MessagePlace {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/** What a message comes to: payloads to count, a dead letter, or both. What cannot be read counts as unreadable where its version is known. */
export interface ReadMessage {
  readonly message: KafkaMessage;
  readonly decoded: StoredMessage | null;
  readonly deadLetter: NewDeadLetter | null;
}

/** What is kept of a value: enough to see what is wrong with it. The broker still has the message. */
const KEPT_VALUE_BYTES = 64 * 1024;
const KEPT_KEY_BYTES = 1_024;
const KEPT_HEADERS = 50;
const KEPT_HEADER_LENGTH = 1_024;
const KEPT_DETAIL_LENGTH = 2_000;
const KEPT_NAME_LENGTH = 100;
/** How long a model that is not there is not looked for again: a flood of its messages must not become one of queries. */
const UNKNOWN_MS = 1_000;
const MAX_UNKNOWN = 1_000;

/** Turns messages of a source into payloads or dead letters. What is wrong with a message never stops those behind it. */
export class MessageDecoder {
  private readonly unknown = new Map<string, Instant>();

  constructor(
    private readonly spec: SourceSpec,
    private readonly ingest: Ingest,
    private readonly clock: Clock,
  ) {}

  /** @throws what is not the message's fault, such as `database-unavailable`: the same message can be read later */
  async read(message: KafkaMessage, place: MessagePlace): Promise<ReadMessage> {
    const facts = factsOf(message, this.spec);
    const context = await this.contextOf(facts);
    if (context instanceof LeewayError)
      return this.dead({ message, decoded: null, deadLetter: null }, place, context);
    let decoded: StoredMessage;
    try {
      decoded = this.ingest.decodeMessage(contentOf(message, facts, this.spec), context, {
        id: `${place.topicId}-${place.partition}-${message.offset}`,
        at: message.at ?? this.clock.now(),
      });
    } catch (error) {
      return this.dead(
        { message, decoded: this.ingest.unreadableMessage(context), deadLetter: null },
        place,
        error,
      );
    }
    const read: ReadMessage = { message, decoded, deadLetter: null };
    if (decoded.failed.length === 0) return read;
    const detail = decoded.failed.map(({ event, error }) => `event ${event}: ${error.message}`).join('; ');
    return this.dead(read, place, new LeewayError('invalid-body', detail));
  }

  /** The same message as a dead letter, because of this error; what was decoded of it is kept where it was counted. */
  dead(read: ReadMessage, place: MessagePlace, error: unknown): ReadMessage {
    const { message } = read;
    const { model, version, headers } = factsOf(message, this.spec);
    const deadLetter: NewDeadLetter = {
      source: this.spec.name,
      topic: place.topic,
      partition: place.partition,
      offset: message.offset,
      key: message.key?.subarray(0, KEPT_KEY_BYTES) ?? null,
      headers: keptHeaders(headers),
      value: message.value?.subarray(0, KEPT_VALUE_BYTES) ?? null,
      sizeBytes: message.value?.length ?? 0,
      reason: reasonOf(error),
      detail: storable(messageOf(error), KEPT_DETAIL_LENGTH),
      model: storable(model, KEPT_NAME_LENGTH),
      version: storable(version, KEPT_NAME_LENGTH),
      producedAt: message.at,
    };
    return { ...read, deadLetter };
  }

  private async contextOf({ model, version }: MessageFacts): Promise<VersionContext | LeewayError> {
    const key = JSON.stringify([model, version]);
    if ((this.unknown.get(key) ?? -Infinity) > this.clock.now()) return unknownVersion(model, version);
    // Names that nothing can have are not looked for: PostgreSQL refuses some of them.
    if (![model, version].every((name) => nameSchema.safeParse(name).success))
      return unknownVersion(model, version);
    try {
      return await this.ingest.contextOf(model, version);
    } catch (error) {
      if (!(error instanceof LeewayError) || error.code !== 'not-found') throw error;
      if (this.unknown.size >= MAX_UNKNOWN) this.unknown.clear();
      this.unknown.set(key, this.clock.now() + UNKNOWN_MS);
      return error;
    }
  }
}

function unknownVersion(model: string, version: string): LeewayError {
  return new LeewayError(
    'not-found',
    `there is no version ${JSON.stringify(version)} of a model ${JSON.stringify(model)}`,
  );
}

/** What is not a failure that a sender can act on is a bug: the message is kept, and those behind it go on. */
function reasonOf(error: unknown): DeadLetterReason {
  return error instanceof LeewayError && isDeadLetterReason(error.code) ? error.code : 'internal';
}

function keptHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).slice(0, KEPT_HEADERS);
  return Object.fromEntries(
    kept.map(([name, text]) => [storable(name, KEPT_HEADER_LENGTH), storable(text, KEPT_HEADER_LENGTH)]),
  );
}

/** A text that PostgreSQL can keep: it knows no NUL, and no half of a surrogate pair. */
function storable(text: string, maxLength: number): string {
  return text.slice(0, maxLength).toWellFormed().replaceAll('\0', '\ufffd');
}
