import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PayloadPart } from '#payloads';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, registerVersion, send } from '../../test/rooms.js';

const COLUMNS = [
  { name: 'x', role: 'feature', type: 'numeric' },
  { name: 'y', role: 'prediction', type: 'numeric' },
];

describe('the deletion of one inference', () => {
  let test: TestDatabase;
  let rooms: ReturnType<typeof connectRooms>;
  beforeAll(async () => {
    test = await openTestDatabase();
    rooms = connectRooms(test.database);
    for (const model of ['m', 'other']) {
      for (const version of ['v1', 'v2'])
        await registerVersion(rooms.models, model, version, undefined, COLUMNS);
    }
  }, 60_000);
  afterAll(() => test.close());

  const rowsOf = (...ids: string[]) => ({
    rows: ids.map((inferenceId) => ({ inferenceId, values: { x: 1, y: 2 } })),
  });
  const sendHalf = (inferenceId: string, part: PayloadPart) =>
    send(
      rooms,
      'm',
      'v1',
      { rows: [{ inferenceId, values: part === 'request' ? { x: 1 } : { y: 2 } }] },
      part,
    );
  const capturedIds = async (model: string): Promise<string[]> => {
    const lists = await Promise.all(
      ['v1', 'v2'].map((version) => rooms.capturedRows.list(model, version, { limit: 1_000 })),
    );
    return lists.flatMap(({ items }) => items.map(({ inferenceId }) => inferenceId)).sort();
  };
  const waitingHalves = (inferenceId: string) =>
    test.database.query('select 1 from captured_half where inference_id = $1', [inferenceId]);

  it('takes every captured row of it, in all versions of the model, and no other', async () => {
    await send(rooms, 'm', 'v1', rowsOf('a', 'b', 'ab'));
    await send(rooms, 'm', 'v1', rowsOf('a'));
    await send(rooms, 'm', 'v2', rowsOf('a', 'c'));
    await send(rooms, 'other', 'v1', rowsOf('a'));
    const before = await rooms.windows.list('m', 'v1', { limit: 10 });
    expect(await rooms.capturedRows.deleteInference('m', 'a')).toMatchObject({ rowCount: 3 });
    expect(await capturedIds('m')).toEqual(['ab', 'b', 'c']);
    expect(await capturedIds('other')).toEqual(['a']);
    expect(await rooms.windows.list('m', 'v1', { limit: 10 })).toEqual(before);
  });

  it('is over when nothing is left of it: then there is nothing to delete', async () => {
    expect(await rooms.capturedRows.deleteInference('m', 'nobody')).toEqual({
      rowCount: 0,
      hadGroundTruth: false,
    });
    await expect(rooms.capturedRows.deleteInference('zz', 'a')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('takes a half that waits for its other one', async () => {
    await sendHalf('half', 'request');
    expect(await rooms.capturedRows.deleteInference('m', 'half')).toMatchObject({ rowCount: 1 });
    expect(await waitingHalves('half')).toEqual([]);
  });

  it('leaves nothing when its halves are paired at the same time', async () => {
    for (let round = 0; round < 20; round += 1) {
      const id = `paired-${round}`;
      await Promise.all([sendHalf(id, 'request'), sendHalf(id, 'response')]);
      const [{ rowCount }] = await Promise.all([
        rooms.capturedRows.deleteInference('m', id),
        rooms.pairing.run(),
      ]);
      expect(rowCount).toBeGreaterThan(0);
      expect(await waitingHalves(id)).toEqual([]);
      expect(await capturedIds('m')).not.toContain(id);
    }
  });

  it('is served by an index', async () => {
    await test.database.transaction(async (tx) => {
      await tx.query('set local enable_seqscan = off');
      const plan = await tx.query<{ 'QUERY PLAN': string }>(
        `explain delete from captured_row where version_id in (select id from version where model_id = 1) and inference_id = 'a'`,
      );
      expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('inference_id');
      expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toMatch(/version_id_inference_id_idx/);
    });
  });
});
