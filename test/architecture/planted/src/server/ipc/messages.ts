import type { Exchange } from '../../contracts/exchange.js';
export type Message = Exchange;
