import type { Exchange } from '../contracts/exchange.js';
export const handle = (exchange: Exchange): number => exchange.filters.length;
