/** Owns the scenarios of kept-alive connections: small, 16 KiB and 1 MiB answers, and 1 MiB uploads. */
import { wrk } from '../load/wrk.mjs';
import { metered } from '../measure/metered.mjs';
import { nativePeers, nodePeers } from '../peers/index.mjs';
import { bareTorus, guardedTorus, MIDDLE_ROUTE } from '../peers/torus.mjs';
import { CPU_PER_REQUEST, sameLoad } from './scenario.mjs';

export const SMALL_PATH = `/${MIDDLE_ROUTE}/users/42?expand=profile`;
export const SMALL_CONNECTIONS = 32;

/**
 * @param {{ scheme: 'http' | 'https', path: string, connections: number, script?: string, scriptArgs?: readonly string[] }} load
 * @returns {import('./scenario.mjs').Run}
 */
export const keptAlive =
  ({ scheme, path, ...load }) =>
  (instance, { seconds, headers, wrkEnv }) =>
    metered(instance, () =>
      wrk({
        ...load,
        url: `${scheme}://localhost:${instance.ports[scheme]}${path}`,
        seconds,
        headers,
        env: wrkEnv,
      }),
    );

const bare = [...nativePeers, bareTorus, ...nodePeers];
const withGuarded = [...nativePeers, bareTorus, guardedTorus, ...nodePeers];

/** @type {readonly { id: string, title: string, path: string, connections: number, script?: string, peers: readonly import('../peers/peer.mjs').Peer[] }[]} */
const kinds = [
  {
    id: 'small',
    title: 'small answer (34 B)',
    path: SMALL_PATH,
    connections: SMALL_CONNECTIONS,
    peers: withGuarded,
  },
  { id: '16k', title: '16 KiB answer', path: '/files/16k', connections: 16, peers: bare },
  { id: '1m', title: '1 MiB answer', path: '/files/1m', connections: 8, peers: bare },
  {
    id: 'upload',
    title: '1 MiB upload',
    path: '/uploads',
    connections: 8,
    script: 'upload.lua',
    peers: bare,
  },
];

/** @type {readonly import('./scenario.mjs').Scenario[]} */
export const keptAliveScenarios = kinds.flatMap(({ id, title, peers, ...load }) =>
  /** @type {const} */ (['http', 'https']).map((scheme) => ({
    id: `${id}-${scheme}`,
    title: `${title}, ${scheme.toUpperCase()}`,
    unit: CPU_PER_REQUEST,
    baseline: 'nginx',
    tls: scheme === 'https',
    freshEachRun: false,
    subjects: sameLoad(peers, keptAlive({ scheme, ...load })),
  })),
);
