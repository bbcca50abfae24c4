/** Says that stored bytes are not a readable grid or profile: truncated, altered, or of an unknown format version. */
export class StatsFormatError extends RangeError {
  override readonly name = 'StatsFormatError';
}
