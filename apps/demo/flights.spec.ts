import { describe, expect, it } from '@jest/globals';
import { readDelays, readFlights } from './flights.js';

describe('the flights file', () => {
  it.each([
    [1, 508_239],
    [6, 502_222],
  ])('has in month %i exactly %i flights', async (month, count) => {
    const flights = await readFlights(month);
    expect(flights.count).toBe(count);
    for (const column of [
      flights.rowNumbers,
      flights.distances,
      flights.hours,
      flights.delays,
      flights.origins,
    ])
      expect(column.length).toBe(count);
  });

  it('finds the outcome of a flight by its row number', async () => {
    const [june, delays] = [await readFlights(6), await readDelays()];
    const samples = [0, 1_000, june.count - 1];
    expect(samples.map((row) => delays[june.rowNumbers[row] ?? -1])).toEqual(
      samples.map((row) => june.delays[row]),
    );
  });
});
