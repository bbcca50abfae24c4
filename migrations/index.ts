import { FirstSchema1795400000001 } from './0001-first-schema.js';

/** Every migration, in order. Forward only; the schema never comes from `synchronize`. */
export const MIGRATIONS = [FirstSchema1795400000001] as const;
