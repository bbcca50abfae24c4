import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextAlertState, type AlertState, type Observation } from './alert-state.js';

const MINUTE = 60_000;
/** One step: minute of the evaluation, what it saw, the state expected after it. */
type Step = [minute: number, saw: Observation, expected: AlertState['kind']];

describe('nextAlertState, for: 2m, keepFiringFor: 1m', () => {
  const timing = { forMs: 2 * MINUTE, keepFiringForMs: 1 * MINUTE };

  it.each<[string, Step[]]>([
    [
      'fires once the breach has lasted the hold time',
      [
        [0, 'breached', 'pending'],
        [1, 'breached', 'pending'],
        [2, 'breached', 'firing'],
      ],
    ],
    [
      'forgets a breach that clears while pending',
      [
        [0, 'breached', 'pending'],
        [1, 'clear', 'inactive'],
        [2, 'breached', 'pending'],
      ],
    ],
    [
      'rides out a short recovery',
      [
        [0, 'breached', 'pending'],
        [2, 'breached', 'firing'],
        [3, 'clear', 'firing'],
        [3.5, 'breached', 'firing'],
        [4.4, 'clear', 'firing'],
      ],
    ],
    [
      'resolves after keepFiringFor',
      [
        [0, 'breached', 'pending'],
        [2, 'breached', 'firing'],
        [3, 'clear', 'firing'],
        [4, 'clear', 'inactive'],
      ],
    ],
    [
      'does not resolve on a window without data',
      [
        [0, 'breached', 'pending'],
        [2, 'breached', 'firing'],
        [9, 'missing', 'firing'],
      ],
    ],
    [
      'does not count missing data as a recovery while pending',
      [
        [0, 'breached', 'pending'],
        [1, 'missing', 'pending'],
        [2, 'breached', 'firing'],
      ],
    ],
  ])('%s', (_name, steps) => {
    let state: AlertState = { kind: 'inactive' };
    for (const [minute, saw, expected] of steps) {
      state = nextAlertState(state, saw, minute * MINUTE, timing);
      expect([minute, state.kind]).toEqual([minute, expected]);
    }
  });

  it('fires at once without a hold time', () => {
    expect(nextAlertState({ kind: 'inactive' }, 'breached', 0, { forMs: 0, keepFiringForMs: 0 }).kind).toBe(
      'firing',
    );
  });

  it('changes nothing when it is evaluated twice at one instant, and follows the table of states', () => {
    const edges = new Set([
      'inactive>inactive',
      'inactive>pending',
      'pending>pending',
      'pending>inactive',
      'pending>firing',
      'firing>firing',
      'firing>inactive',
    ]);
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom<Observation[]>('breached', 'clear', 'missing'),
            fc.integer({ min: 1, max: 5 }),
          ),
        ),
        (steps) => {
          let state: AlertState = { kind: 'inactive' };
          let minute = 0;
          for (const [saw, later] of steps) {
            minute += later;
            const next = nextAlertState(state, saw, minute * MINUTE, timing);
            expect(edges).toContain(`${state.kind}>${next.kind}`);
            expect(nextAlertState(next, saw, minute * MINUTE, timing)).toEqual(next);
            state = next;
          }
        },
      ),
    );
  });
});
