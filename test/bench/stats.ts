/**
 * Is counting on a grid worth it? Speed and size of the statistics beside NumPy, SciPy and pandas on the same numbers.
 *
 * Medians of runs that alternate between both sides. Python is `LEEWAY_PYTHON`, else `python3`; where it or a library is
 * missing, the row says so, and has a peer here or none. Last line: JSON; exit code 1 when a target is missed.
 */
import { baselineRows } from './stats/baseline-rows.js';
import {
  binningRow,
  exactKsRow,
  mergeRow,
  sceneOf,
  sizeRow,
  storedRow,
  windowRow,
} from './stats/column-rows.js';
import { Peer } from './stats/peer.js';
import { type BenchRow, printRows } from './stats/rows.js';
import { drawSamples } from './stats/samples.js';

const SEED = 1;

async function measured(): Promise<BenchRow[]> {
  const peer = await Peer.start(process.env['LEEWAY_PYTHON'] || 'python3');
  const samples = drawSamples(SEED);
  try {
    const scene = sceneOf(samples, peer);
    return [
      await binningRow(scene),
      await exactKsRow(scene, 'same'),
      await exactKsRow(scene, 'changed'),
      await windowRow(scene, 'same'),
      await windowRow(scene, 'changed'),
      await storedRow(scene, 'smallSame', { atLeast: 20_000 }),
      await storedRow(scene, 'smallChanged', null),
      await storedRow(scene, 'smallDrifted', null),
      await mergeRow(scene),
      sizeRow(scene),
      ...(await baselineRows(samples, peer)),
    ];
  } finally {
    await peer.stop();
    samples.remove();
  }
}

const rows = await measured();
console.log(`peak memory of this process: ${Math.round(process.resourceUsage().maxRSS / 1_000)} MB`);
process.exit(printRows('stats', rows) ? 0 : 1);
