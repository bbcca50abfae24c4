export {
  labelsKey,
  type Labels,
  type SignalSample,
  type SignalSelector,
  type SignalTail,
} from './schemas.js';
export { deleteSignalsOf, modelsWithSignals } from './model-deletion.js';
export { MAX_SIGNALS_PER_MODEL, Signals, signalTails, type Signal, type SignalSeries } from './signals.js';
