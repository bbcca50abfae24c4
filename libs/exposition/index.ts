export { readDatabaseState, type DatabaseState, type StateRooms } from './database-state.js';
export { ExpositionMetrics } from './exposition-metrics.js';
export { SignalMetrics } from './signal-metrics.js';
