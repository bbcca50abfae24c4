import type { LeewayApi } from '../api-client.js';
import type { Claims } from '../claims.js';
import type { Flights } from '../flights.js';
import type { ModelServerClient } from '../model-server-client.js';
import type { Replay } from '../replay.js';
import type { RiskModel } from '../risk-model.js';
import type { SlackClient } from '../slack-client.js';
import type { Terminal } from '../terminal.js';

/** Everything that is running, and who tells of it. */
export interface Stage {
  readonly terminal: Terminal;
  readonly claims: Claims;
  readonly leeway: LeewayApi;
  readonly adminKey: string;
  readonly slack: SlackClient;
  readonly modelServer: ModelServerClient;
  readonly january: Flights;
}

/** The stage once a model is live, with the traffic that asks it. */
export interface LiveStage extends Stage {
  readonly model: RiskModel;
  readonly replay: Replay;
}
