/** Owns a running exchange as the live view describes it, made by hand. */
import type { LiveExchange } from '../../src/contracts/live-view.js';

/** A GET that waits for its upstream unless told otherwise. */
export const liveExchange = (fields: Partial<LiveExchange> = {}): LiveExchange => ({
  id: 'a',
  protocol: 'http/1.1',
  tunnel: null,
  listener: 'edge',
  client: '127.0.0.1',
  method: 'GET',
  host: 'api.example.com',
  path: '/',
  route: 'r',
  upstream: 'users',
  endpoint: '10.0.0.1:80',
  phase: 'wait',
  status: 0,
  attempts: 1,
  ageMs: 1,
  idleMs: null,
  requestBytes: 0,
  responseBytes: 0,
  bufferedBytes: 0,
  peakBufferedBytes: 0,
  blocked: null,
  blockedForMs: 0,
  blockedOnClientMs: 0,
  blockedOnUpstreamMs: 0,
  ...fields,
});
