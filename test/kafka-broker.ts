import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, Producer, type MessageToProduce } from '@platformatic/kafka';
import { freePort } from '../apps/demo/spawned-process.js';
import { findServer } from './find-server.js';

const READY_TIMEOUT_MS = 60_000;
/** Any 22 characters of base64url: a cluster's name for itself. */
const CLUSTER_ID = 'TGVld2F5VGVzdHNLYWZrYQ';
/** Larger than what Leeway takes, so that a test can send a message that is too large. */
const MAX_MESSAGE_BYTES = 40 * 1024 * 1024;
/** A broker of a test holds a few megabytes; the least garbage collector starts the fastest. */
const JVM = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** What a test sends: texts stand for their UTF-8 bytes. */
export interface SentMessage {
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly partition?: number;
  /** Milliseconds since the epoch; by default now. */
  readonly at?: number;
}

/** An Apache Kafka broker of a test's own, in KRaft mode, that can be stopped, killed and started again on its data. */
export class KafkaBroker {
  private process: ChildProcess | null = null;
  private client: { readonly admin: Admin; readonly producer: TestProducer } | null = null;

  private constructor(
    private readonly folder: string,
    private readonly jars: string,
    readonly port: number,
    private readonly controllerPort: number,
  ) {}

  /** @throws Error where there is no Kafka: guard the tests with `describeWithServer('kafka', …)` */
  static async start(): Promise<KafkaBroker> {
    const jars = findServer('kafka');
    if (jars === null) throw new Error('there is no Kafka on this machine');
    const folder = mkdtempSync(join(tmpdir(), 'leeway-kafka-'));
    const broker = new KafkaBroker(folder, jars, await freePort(), await freePort());
    writeFileSync(broker.properties, broker.configuration());
    const format = broker.java('kafka.tools.StorageTool', [
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      broker.properties,
    ]);
    const [code] = (await once(format, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`Kafka cannot format its folder:\n${broker.endOfLog()}`);
    await broker.up();
    return broker;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts the broker on its data, and waits until it answers. */
  async up(): Promise<void> {
    const { process } = this;
    if (process !== null) return;
    const started = this.java('kafka.Kafka', [this.properties]);
    this.process = started;
    const until = Date.now() + READY_TIMEOUT_MS;
    while (!(await this.answers())) {
      if (started.exitCode !== null || Date.now() > until)
        throw new Error(`Kafka does not answer:\n${this.endOfLog()}`);
      await sleep(100);
    }
  }

  /** Ends the broker at once, as a crash would. */
  async crash(): Promise<void> {
    const { process, client } = this;
    this.client = null;
    await client?.producer.close(true).catch(() => undefined);
    await client?.admin.close().catch(() => undefined);
    this.process = null;
    if (process?.exitCode !== null) return;
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.crash();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Creates a topic, and waits until those who send to it find it. */
  async createTopic(topic: string, partitions = 1): Promise<void> {
    const { admin, producer } = this.connected();
    await admin.createTopics({ topics: [topic], partitions, replicas: 1 });
    const until = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      try {
        await producer.metadata({ topics: [topic], forceUpdate: true });
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
        await sleep(100);
      }
    }
  }

  /** Sends messages and waits until the broker has them. */
  async send(topic: string, messages: readonly SentMessage[]): Promise<void> {
    await this.connected().producer.send({
      messages: messages.map((each) => produced(topic, each)),
      acks: -1,
    });
  }

  /** Sends messages in a transaction that is committed or aborted. */
  async sendInTransaction(
    topic: string,
    messages: readonly SentMessage[],
    end: 'commit' | 'abort',
  ): Promise<void> {
    const producer = new Producer({
      clientId: 'test',
      bootstrapBrokers: [this.address],
      idempotent: true,
      transactionalId: `test-${randomUUID()}`,
    });
    try {
      const transaction = await producer.beginTransaction();
      await transaction.send({ messages: messages.map((each) => produced(topic, each)), acks: -1 });
      await transaction[end]();
    } finally {
      await producer.close(true);
    }
  }

  /** A client of the broker, for what a test asks besides. */
  get admin(): Admin {
    return this.connected().admin;
  }

  private connected(): { readonly admin: Admin; readonly producer: TestProducer } {
    const options = { clientId: 'test', bootstrapBrokers: [this.address] };
    this.client ??= { admin: new Admin(options), producer: new Producer({ ...options, idempotent: true }) };
    return this.client;
  }

  private get properties(): string {
    return join(this.folder, 'server.properties');
  }

  private get log(): string {
    return join(this.folder, 'log.txt');
  }

  private configuration(): string {
    return [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@127.0.0.1:${this.controllerPort}`,
      `listeners=PLAINTEXT://127.0.0.1:${this.port},CONTROLLER://127.0.0.1:${this.controllerPort}`,
      `advertised.listeners=PLAINTEXT://${this.address}`,
      'controller.listener.names=CONTROLLER',
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      `log.dirs=${join(this.folder, 'data')}`,
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'transaction.state.log.replication.factor=1',
      'transaction.state.log.num.partitions=1',
      'transaction.state.log.min.isr=1',
      'group.initial.rebalance.delay.ms=0',
      'group.min.session.timeout.ms=500',
      'auto.create.topics.enable=false',
      `message.max.bytes=${MAX_MESSAGE_BYTES}`,
      `socket.request.max.bytes=${MAX_MESSAGE_BYTES}`,
      `replica.fetch.max.bytes=${MAX_MESSAGE_BYTES}`,
    ].join('\n');
  }

  private java(mainClass: string, args: readonly string[]): ChildProcess {
    const log = openSync(this.log, 'a');
    const child = spawn(findServer('java') ?? 'java', [...JVM, '-cp', `${this.jars}/*`, mainClass, ...args], {
      cwd: this.folder,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return child;
  }

  private async answers(): Promise<boolean> {
    const admin = new Admin({ clientId: 'ready', bootstrapBrokers: [this.address], retries: 0 });
    try {
      await admin.listTopics();
      return true;
    } catch {
      return false;
    } finally {
      await admin.close().catch(() => undefined);
    }
  }

  private endOfLog(): string {
    return readFileSync(this.log, 'utf8').split('\n').slice(-30).join('\n');
  }
}

type TestProducer = Producer;

function produced(topic: string, { value, headers = {}, key, partition, at }: SentMessage): MessageToProduce {
  return {
    topic,
    // The client takes an absent value for a tombstone; its type does not say so.
    value: value === null ? undefined : Buffer.from(value),
    headers: new Map(
      Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const),
    ),
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
    ...(partition === undefined ? {} : { partition }),
    ...(at === undefined ? {} : { timestamp: BigInt(at) }),
  };
}
