export type { HistorySource, SourceHistory } from './history-source.js';
export { labelTest, parseMatchers } from './label-matchers.js';
export { deleteSignalsOf, modelsWithSignals } from './model-deletion.js';
export {
  labelsKey,
  type HistorySpan,
  type LabelMatcher,
  type Labels,
  type SignalSample,
  type SignalSelector,
  type SignalTail,
} from './schemas.js';
export { MAX_QUERY_STEPS, type SignalSeries } from './signal-history.js';
export {
  MAX_COLLECTED_SIGNALS_PER_MODEL,
  MAX_SIGNALS_PER_COLLECTOR,
  MAX_SIGNALS_PER_MODEL,
  type SignalRefusal,
} from './signal-limits.js';
export type { ReportedProblem, SignalProblem } from './signal-problems.js';
export { Signals, signalTails, type NewestSignal, type Signal } from './signals.js';
