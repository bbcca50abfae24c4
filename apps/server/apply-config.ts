import type { LeewayConfig } from './config.js';
import type { Rooms } from './rooms.js';

/** Brings models, monitors and rules to what leeway.yaml says. What it does not name stays as it is. */
export async function applyConfig(
  config: LeewayConfig,
  { models, monitors, rules }: Pick<Rooms, 'models' | 'monitors' | 'rules'>,
): Promise<void> {
  for (const { monitors: specs, ...model } of config.models) {
    await models.put(model);
    for (const spec of specs) await monitors.put(model.name, spec);
  }
  for (const rule of config.rules) await rules.put(rule);
}
