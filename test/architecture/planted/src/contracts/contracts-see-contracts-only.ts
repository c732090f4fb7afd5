import type { HOP_BY_HOP } from '../http/hop-by-hop.js';
export type Reached = typeof HOP_BY_HOP;
