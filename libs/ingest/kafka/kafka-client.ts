import { Consumer, type ConsumerOptions } from '@platformatic/kafka';
import { durationMs, type ResolveSecret } from '#platform';
import type { SourceSpec } from './source-schema.js';

/** A consumer that leaves bytes as they are: what they mean is the room's to say. */
export type KafkaConsumer = Consumer;

type ClientOptions = ConsumerOptions<Buffer, Buffer, Buffer, Buffer>;

/** Heartbeats: at least three in a session, as Kafka's documentation asks, so that losing one loses nothing. */
const HEARTBEATS_PER_SESSION = 3;
const MAX_HEARTBEAT_MS = 3_000;
const CONNECT_TIMEOUT_MS = 5_000;
const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

/** Rejoining loses races to other members that rejoin; a fetch that fails is tried again by whoever asked for it, who also says so. */
const RETRIES = { group: 5, fetches: 0 } as const;

/**
 * A client of the source's cluster. Joining its group blocks a connection for as long as a rebalance takes, and fetching for as long
 * as there is nothing: each has a client of its own.
 */
export function connectKafka(
  spec: SourceSpec,
  purpose: keyof typeof RETRIES,
  resolveSecret: ResolveSecret,
): KafkaConsumer {
  const sessionTimeout = durationMs(spec.sessionTimeout);
  return new Consumer({
    clientId: `leeway-${spec.name}`,
    groupId: spec.groupId,
    bootstrapBrokers: [...spec.brokers],
    sessionTimeout,
    rebalanceTimeout: sessionTimeout,
    heartbeatInterval: Math.min(MAX_HEARTBEAT_MS, Math.ceil(sessionTimeout / HEARTBEATS_PER_SESSION)),
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A broker answers a join when all members have joined or the rebalance has timed out.
    requestTimeout: sessionTimeout + CONNECT_TIMEOUT_MS,
    autocommit: false,
    retries: RETRIES[purpose],
    ...security(spec, resolveSecret),
  });
}

/** Secrets are resolved whenever a client is made, so that a rotated one is found by the next connection. */
function security({ tls, sasl }: SourceSpec, resolveSecret: ResolveSecret): Partial<ClientOptions> {
  return {
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(tls.ca === undefined ? {} : { ca: resolveSecret(tls.ca) }),
            ...(tls.certificate === undefined ? {} : { cert: resolveSecret(tls.certificate) }),
            ...(tls.key === undefined ? {} : { key: resolveSecret(tls.key) }),
          },
          tlsServerName: true,
        }),
    ...(sasl === undefined
      ? {}
      : {
          sasl: {
            mechanism: MECHANISMS[sasl.mechanism],
            username: sasl.username,
            password: resolveSecret(sasl.password),
          },
        }),
  };
}
