/** Owns the scenarios over HTTP/2 and TLS: small, 16 KiB and 1 MiB answers, several streams at once on each connection. */
import { h2load } from '../load/h2load.mjs';
import { metered } from '../measure/metered.mjs';
import { nativePeers } from '../peers/index.mjs';
import { bareTorus, guardedTorus } from '../peers/torus.mjs';
import { SMALL_PATH } from './kept-alive.mjs';
import { CPU_PER_REQUEST, sameLoad } from './scenario.mjs';

/**
 * @param {{ path: string, connections: number, streams: number }} load
 * @returns {import('./scenario.mjs').Run}
 */
const overHttp2 =
  ({ path, ...load }) =>
  (instance, { seconds, headers }) =>
    metered(instance, () =>
      h2load({ ...load, url: `https://localhost:${instance.ports.https}${path}`, seconds, headers }),
    );

const bare = [...nativePeers, bareTorus];

const kinds = [
  {
    ...{ id: 'small-h2', title: 'small answer (34 B)', path: SMALL_PATH, connections: 8, streams: 8 },
    peers: [...bare, guardedTorus],
  },
  {
    ...{ id: '16k-h2', title: '16 KiB answer', path: '/files/16k', connections: 4, streams: 4 },
    peers: bare,
  },
  { ...{ id: '1m-h2', title: '1 MiB answer', path: '/files/1m', connections: 4, streams: 2 }, peers: bare },
];

/** The Node proxies of the comparison speak no HTTP/2 to clients. @type {readonly import('./scenario.mjs').Scenario[]} */
export const http2Scenarios = kinds.map(({ id, title, peers, ...load }) => ({
  id,
  title: `${title}, HTTP/2 over TLS`,
  unit: CPU_PER_REQUEST,
  baseline: 'nginx',
  tls: true,
  freshEachRun: false,
  subjects: sameLoad(peers, overHttp2(load)),
}));
