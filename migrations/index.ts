import { FirstSchema1795400000001 } from './0001-first-schema.js';
import { Windows1795400000002 } from './0002-windows.js';
import { LateWindows1795400000003 } from './0003-late-windows.js';
import { Rollups1795400000004 } from './0004-rollups.js';
import { RebuiltWindows1795400000005 } from './0005-rebuilt-windows.js';
import { PayloadHalves1795400000006 } from './0006-payload-halves.js';
import { CapturedRows1795400000007 } from './0007-captured-rows.js';
import { GroundTruth1795400000008 } from './0008-ground-truth.js';
import { Baselines1795400000009 } from './0009-baselines.js';
import { Kafka1795400000010 } from './0010-kafka.js';
import { PayloadKeys1795400000011 } from './0011-payload-keys.js';
import { CallScope1795400000012 } from './0012-call-scope.js';
import { SignalStore1795400000013 } from './0013-signal-store.js';
import { ServingCounts1795400000014 } from './0014-serving-counts.js';
import { Deployments1795400000015 } from './0015-deployments.js';

/** Every migration, in order. Forward only; the schema never comes from `synchronize`. */
export const MIGRATIONS = [
  FirstSchema1795400000001,
  Windows1795400000002,
  LateWindows1795400000003,
  Rollups1795400000004,
  RebuiltWindows1795400000005,
  PayloadHalves1795400000006,
  CapturedRows1795400000007,
  GroundTruth1795400000008,
  Baselines1795400000009,
  Kafka1795400000010,
  PayloadKeys1795400000011,
  CallScope1795400000012,
  SignalStore1795400000013,
  ServingCounts1795400000014,
  Deployments1795400000015,
] as const;
