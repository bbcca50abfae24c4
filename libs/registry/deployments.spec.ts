import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { connectRooms, registerVersion, START } from '../../test/rooms.js';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { retiredVersions } from './deployments.js';
import {
  argoRolloutsEvent,
  argoRolloutsSchema,
  flaggerEvent,
  flaggerQuerySchema,
  flaggerSchema,
} from './rollout-events.js';
import { deploymentSchema } from './schemas.js';
import { VersionSightings } from './version-sightings.js';

const MINUTE = 60_000;

describe('deployments', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  let model = '';
  let count = 0;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
  }, 60_000);
  afterAll(() => test.close());
  beforeEach(async () => {
    model = `m${(count += 1)}`;
    await registerVersion(rooms.models, model, 'v1');
    await registerVersion(rooms.models, model, 'v2');
  });

  const register = (spec: object) => rooms.deployments.register(model, deploymentSchema.parse(spec));
  /** Open deployments, oldest first: version, kind, share. */
  const live = async (): Promise<string[]> => {
    const { items } = await rooms.deployments.list(model, { limit: 50 });
    return items
      .filter(({ endedAt }) => endedAt === null)
      .map(({ version, kind, trafficShare }) => `${version} ${kind} ${trafficShare}`)
      .reverse();
  };

  describe('shares', () => {
    it('of a canary change in place, with their history, and end when it becomes full', async () => {
      await register({ version: 'v1' });
      const { id } = await register({ version: 'v2', kind: 'canary', trafficShare: 0.1 });
      rooms.clock.advance(MINUTE);
      await rooms.deployments.setShare(id, 0.2);
      await rooms.deployments.setShare(id, 0.2);
      const { shares } = await register({ version: 'v2', kind: 'canary', trafficShare: 0.5 });
      expect(shares.map(({ trafficShare }) => trafficShare)).toEqual([0.1, 0.2, 0.5]);
      expect(await live()).toEqual(['v1 full 1', 'v2 canary 0.5']);
      await register({ version: 'v2' });
      expect(await live()).toEqual(['v2 full 1']);
      await expect(rooms.deployments.setShare(id, 1)).rejects.toMatchObject({ code: 'invalid-body' });
    });

    it('let the green version take over from the blue one, and back', async () => {
      await register({ version: 'v1', kind: 'blue-green' });
      const { id } = await register({ version: 'v2', kind: 'blue-green', trafficShare: 0 });
      expect(await live()).toEqual(['v1 blue-green 1', 'v2 blue-green 0']);
      await rooms.deployments.setShare(id, 1);
      expect(await live()).toEqual(['v2 blue-green 1']);
      expect([...(await retiredVersions(test.database, model))]).toEqual(['v1']);
      await register({ version: 'v1', kind: 'blue-green' });
      expect(await live()).toEqual(['v1 blue-green 1']);
    });

    it('of another environment are not touched, and the same again is refused', async () => {
      await register({ version: 'v1', environment: 'staging' });
      await register({ version: 'v2' });
      expect(await live()).toEqual(['v1 full 1', 'v2 full 1']);
      await expect(register({ version: 'v2' })).rejects.toMatchObject({ code: 'already-exists' });
    });
  });

  describe('rollouts', () => {
    const argo = (version: string, event: string, more: object = {}) =>
      rooms.deployments.recordRollout(
        model,
        argoRolloutsEvent(argoRolloutsSchema.parse({ model, version, event, ...more })),
        'argo-rollouts',
      );
    const flagger = async (version: string, phase: string, eventMessage = '', at = rooms.clock.now()) => {
      const metadata = { eventMessage, eventType: 'Normal', timestamp: String(at) };
      const body = flaggerSchema.parse({ name: 'churn', namespace: 'prod', phase, checksum: 'x', metadata });
      const event = flaggerEvent(body, flaggerQuerySchema.parse({ model, version }));
      return event === null ? null : rooms.deployments.recordRollout(model, event, 'flagger');
    };

    it('of Argo Rollouts go step by step to the whole traffic, however often each is sent', async () => {
      await argo('v1', 'completed');
      for (const weight of [20, 20, 60]) await argo('v2', 'progressing', { weight });
      expect(await live()).toEqual(['v1 full 1', 'v2 canary 0.6']);
      expect(await argo('v2', 'completed', { revision: '7' })).toMatchObject({
        origin: 'argo-rollouts',
        revision: '7',
      });
      expect(await argo('v2', 'completed')).toBeNull();
      expect(await argo('v2', 'progressing', { weight: 60 })).toBeNull();
      expect(await live()).toEqual(['v2 full 1']);
    });

    it('that are aborted leave the version before, and blue-green switches at the end', async () => {
      await argo('v1', 'completed', { strategy: 'blue-green' });
      await argo('v2', 'progressing', { strategy: 'blue-green' });
      expect(await live()).toEqual(['v1 blue-green 1', 'v2 blue-green 0']);
      await argo('v2', 'aborted', { strategy: 'blue-green' });
      expect(await argo('v2', 'aborted', { strategy: 'blue-green' })).toBeNull();
      expect(await live()).toEqual(['v1 blue-green 1']);
      rooms.clock.advance(MINUTE);
      await argo('v2', 'progressing', { strategy: 'blue-green' });
      await argo('v2', 'completed', { strategy: 'blue-green' });
      expect(await live()).toEqual(['v2 blue-green 1']);
    });

    it('of Flagger tell the weight in their message, and one that comes late changes nothing', async () => {
      await flagger('v1', 'Initialized');
      const late = rooms.clock.now();
      rooms.clock.advance(MINUTE);
      await flagger('v2', 'Progressing', 'New revision detected! Scaling up churn.prod');
      await flagger('v2', 'Progressing', 'Advance churn.prod canary weight 20');
      expect(await live()).toEqual(['v1 full 1', 'v2 canary 0.2']);
      await flagger('v2', 'Failed', 'Canary failed! Scaling down churn.prod');
      expect(await flagger('v2', 'Progressing', 'Advance churn.prod canary weight 10', late)).toBeNull();
      expect(await flagger('v2', 'Terminating')).toBeNull();
      expect(await live()).toEqual(['v1 full 1']);
      rooms.clock.advance(MINUTE);
      for (const phase of ['Progressing', 'Promoting', 'Finalising', 'Succeeded', 'Succeeded'])
        await flagger('v2', phase);
      expect(await live()).toEqual(['v2 full 1']);
    });

    it('of a version that is not registered are refused', async () => {
      await expect(argo('v3', 'completed')).rejects.toMatchObject({ code: 'not-found' });
    });
  });

  describe('noticed versions', () => {
    const unknown: string[] = [];
    let sightings: VersionSightings;
    beforeEach(() => {
      unknown.length = 0;
      sightings = new VersionSightings(test.database, rooms.models, rooms.clock, (_, version) =>
        unknown.push(version),
      );
    });
    const see = (...versions: string[]) =>
      sightings.noteVersions(
        model,
        versions.map((version) => ({ version, at: rooms.clock.now() })),
      );
    const later = (minutes: number) => rooms.clock.advance(minutes * MINUTE);

    it('open a deployment each, the second as a canary of unknown share, and flapping opens no more', async () => {
      await see('v1');
      await see('v1', 'v2');
      for (const seen of [['v1'], ['v1', 'v2'], [], ['v1', 'v2']]) {
        later(10);
        await see(...seen);
      }
      expect(await live()).toEqual(['v1 full 1', 'v2 canary null']);
      expect([...(await retiredVersions(test.database, model))]).toEqual([]);
      expect((await rooms.deployments.list(model, { limit: 9 })).items.map(({ origin }) => origin)).toEqual([
        'noticed',
        'noticed',
      ]);
    });

    it('end when they have been away for half an hour, and are news when they come back', async () => {
      await see('v1', 'v2');
      const lastSeen = new Date(rooms.clock.now()).toISOString();
      for (let minute = 0; minute < 40; minute += 10) {
        later(10);
        await see('v1');
      }
      expect(await live()).toEqual(['v1 full 1']);
      expect((await rooms.deployments.list(model, { limit: 1 })).items[0]).toMatchObject({
        version: 'v2',
        endedAt: lastSeen,
      });
      await see('v2');
      expect(await live()).toEqual(['v1 full 1', 'v2 canary null']);
    });

    it('do not open what was ended and lingers, nor end what was registered', async () => {
      await register({ version: 'v1' });
      await see('v1');
      await register({ version: 'v2' });
      for (let minute = 0; minute < 120; minute += 10) {
        later(10);
        await see('v1');
      }
      expect(await live()).toEqual(['v2 full 1']);
      later(31);
      await see('v1');
      expect(await live()).toEqual(['v2 full 1', 'v1 canary null']);
    });

    it('that are not registered are listed, told once, and noticed once they are', async () => {
      await see('v1', 'v9');
      later(1);
      await see('v1', 'v9');
      expect(unknown).toEqual(['v9']);
      expect(await sightings.unknownVersions(model)).toMatchObject([
        { version: 'v9', environment: 'production' },
      ]);
      await registerVersion(rooms.models, model, 'v9');
      await see('v9');
      expect(await sightings.unknownVersions(model)).toEqual([]);
      expect(await live()).toEqual(['v1 full 1', 'v9 canary null']);
    });

    it('of a label with many values stay few', async () => {
      await sightings.noteVersions(
        model,
        Array.from({ length: 300 }, (_, id) => ({ version: `x${id}`, at: START })),
      );
      expect(await sightings.unknownVersions(model)).toHaveLength(200);
    });
  });
});
