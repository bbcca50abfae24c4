/** What Nest injects by token: values that have no class of their own. */
export const ROOMS = Symbol('rooms');
export const CONFIG = Symbol('config');
export const ENVIRONMENT = Symbol('environment');
export const LOGGER = Symbol('logger');
