import type { HistorySpan, SignalSelector } from './schemas.js';
import type { SignalSeries } from './signal-history.js';

/** What a source answered, and for whatever is missing in it a line that says why. */
export interface SourceHistory {
  readonly series: readonly SignalSeries[];
  readonly problems: readonly string[];
}

/**
 * Where longer or finer history is asked for when someone looks: Leeway keeps signals at evaluation resolution and for as long as its
 * retention says, and a Prometheus may have more. One for each source that can be asked, by the name that it writes under.
 */
export interface HistorySource {
  /** The history of the signals of this source that match. What cannot be read is a problem in the answer; only a bug is thrown. */
  history(selector: SignalSelector, span: HistorySpan, signal: AbortSignal): Promise<SourceHistory>;
}
