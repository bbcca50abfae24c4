import type { ByteStream } from './source.js';

/** The text of a stream of UTF-8 in pieces that end between characters, without a byte order mark; broken characters become U+FFFD. */
export async function* textOf(stream: ByteStream): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of stream)
    yield decoder.decode(typeof chunk === 'string' ? Buffer.from(chunk) : chunk, { stream: true });
  yield decoder.decode();
}
