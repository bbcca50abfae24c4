import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestDatabase, type TestDatabase } from '../../test/database.js';
import { connectRooms, evenRows, registerVersion, send, START } from '../../test/rooms.js';
import { WindowSignals } from './window-signals.js';

const MINUTE = 60_000;

describe('the signals of windows', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  }, 60_000);
  afterAll(() => test.close());

  it('have no gap where windows closed while no worker ran', async () => {
    const rooms = connectRooms(test.database);
    const written = new WindowSignals(test.database, rooms.models, rooms.windows, rooms.signals, 0);
    const fail = (model: string, error: unknown): never => {
      throw new Error(model, { cause: error });
    };
    await registerVersion(rooms.models, 'm');
    for (let minute = 0; minute < 20; minute += 1) {
      await send(rooms, 'm', 'v1', { rows: evenRows(minute + 1).map((values) => ({ values })) });
      rooms.clock.advance(MINUTE);
      if (minute < 2 || minute === 19) await written.write(fail);
    }
    const [series] = await rooms.signals.query(
      { name: 'ingest_rows', model: 'm', matchers: {} },
      START,
      rooms.clock.now() + 1,
    );
    expect(series?.samples.map(([, value]) => value)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });
});
