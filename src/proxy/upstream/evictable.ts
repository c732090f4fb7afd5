/** Owns how many idle connections of a pool are closed at a time when the worker is short of something. */

/** A tenth of them, but never so few that it would take long. */
const SHARE = 0.1;
const FEWEST = 8;

export const evictable = (idle: number): number => Math.max(FEWEST, Math.ceil(idle * SHARE));
