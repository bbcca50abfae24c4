import type { Clock, Database, QueueDepth } from '#platform';
import type { RetrainingRuns } from '#retraining';
import type { Alerts } from '#rules';
import { readBacklog, type Backlog } from './backlog.js';
import { shownDeployments, type ShownDeployment } from './deployments.js';
import { newestSignals, type NewestSignals } from './newest-signals.js';
import { readStorage, type Storage } from './storage.js';

/** What /metrics say of the database. */
export interface DatabaseState {
  readonly signals: NewestSignals;
  readonly alerts: Awaited<ReturnType<Alerts['countOpen']>>;
  readonly runs: Awaited<ReturnType<RetrainingRuns['countByStatus']>>;
  readonly deployments: readonly ShownDeployment[];
  readonly backlog: Backlog;
  readonly queues: readonly QueueDepth[];
  readonly storage: Storage;
}

export interface StateRooms {
  readonly database: Database;
  readonly alerts: Alerts;
  readonly runs: RetrainingRuns;
  readonly queueDepths: () => Promise<QueueDepth[]>;
  /** The channels and triggers that are configured. */
  readonly receivers: readonly string[];
}

/** Reads it all, a few statements one after the other: on one connection, beside what the service does. */
export async function readDatabaseState(rooms: StateRooms, clock: Clock): Promise<DatabaseState> {
  const { database, alerts, runs, queueDepths, receivers } = rooms;
  const now = clock.now();
  return {
    signals: await newestSignals(database, now),
    alerts: await alerts.countOpen(),
    runs: await runs.countByStatus(),
    deployments: await shownDeployments(database, now),
    backlog: await readBacklog(database, now, receivers),
    queues: await queueDepths(),
    storage: await readStorage(database),
  };
}
