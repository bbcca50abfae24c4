import type { IngestContent } from './ingest-content.js';

/**
 * What somebody sent, as bytes. It is read once it is known what the rows of its version are: until then its bytes are all that it takes
 * of the memory, however long the database keeps that waiting.
 */
export interface Delivery {
  /** Called at most once; what is read is decoded at once. @throws LeewayError as `readContent` */
  read(): IngestContent;
  /** Called when nothing will be read any more, whether or not it was. */
  release(): void;
}
