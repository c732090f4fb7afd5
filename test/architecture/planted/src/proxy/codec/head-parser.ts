import { HOP_BY_HOP } from '../../http/hop-by-hop.js';
export const parse = HOP_BY_HOP;
