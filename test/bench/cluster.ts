import { findServer } from '../find-server.js';
import { PostgresCluster } from '../postgres-cluster.js';

/** The PostgreSQL server of a benchmark; without one on the machine it says so and exits with 2. */
export function startClusterOrExit(): Promise<PostgresCluster> {
  if (findServer('initdb') === null) {
    console.error('this benchmark needs PostgreSQL (initdb and postgres) on the machine');
    process.exit(2);
  }
  return PostgresCluster.start();
}
