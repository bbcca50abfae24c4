import { connect, type Socket } from 'node:net';

export interface BegunPost {
  readonly path: string;
  /** Null: sent without a key. */
  readonly authorization: string | null;
  /** How long the body is said to be. */
  readonly bytes: number;
  /** What is sent of it. */
  readonly sent: string | Buffer;
}

/** Begins to send a JSON body, over a connection whose end is the caller's to choose. */
export function beginPost(url: string, { path, authorization, bytes, sent }: BegunPost): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const key = authorization === null ? '' : `authorization: ${authorization}\r\n`;
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: l\r\n${key}content-type: application/json\r\ncontent-length: ${bytes}\r\n\r\n`,
  );
  socket.write(sent);
  return socket;
}
