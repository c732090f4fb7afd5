/** Owns the scenarios where every request comes on a connection of its own: plain, TLS from scratch, TLS resumed. */
import path from 'node:path';
import { metered } from '../measure/metered.mjs';
import { nativePeers, nodePeers } from '../peers/index.mjs';
import { bareTorus } from '../peers/torus.mjs';
import { runToEnd } from '../processes/run-to-end.mjs';
import { SMALL_PATH } from './kept-alive.mjs';
import { CPU_PER_CONNECTION, sameLoad } from './scenario.mjs';

const CLIENT = path.resolve(import.meta.dirname, '../load/new-connections-client.mjs');
const CONNECTIONS = 16;
/** Below this share a scenario of resumed sessions did not measure what it says. The first of each client are full. */
const LEAST_RESUMED = 0.9;

/** @param {{ requests: number, resumed: number }} result @param {{ tls: boolean, resume: boolean }} kind */
const checkResumption = ({ requests, resumed }, { tls, resume }) => {
  if (!tls) return;
  if (resume && resumed < requests * LEAST_RESUMED)
    throw new Error(`resumed ${resumed} of ${requests} sessions only`);
  if (!resume && resumed > 0) throw new Error(`resumed ${resumed} sessions that were to be new`);
};

/** @param {{ tls: boolean, resume: boolean }} kind @returns {import('./scenario.mjs').Run} */
const newConnections =
  (kind) =>
  (instance, { seconds, headers }) =>
    metered(instance, async () => {
      const port = kind.tls ? instance.ports.https : instance.ports.http;
      const order = { ...kind, port, connections: CONNECTIONS, seconds, path: SMALL_PATH, headers };
      const output = await runToEnd(process.execPath, [CLIENT, JSON.stringify(order)], {
        timeoutMs: (seconds + 60) * 1000,
      });
      const result = JSON.parse(output);
      if (result.requests > 0) checkResumption(result, kind);
      return result;
    });

const kinds = [
  { id: 'new-plain', title: 'new connection for each request, HTTP', tls: false, resume: false },
  {
    id: 'new-tls-full',
    title: 'new connection for each request, TLS, full handshake',
    tls: true,
    resume: false,
  },
  { id: 'new-tls-resumed', title: 'new connection for each request, TLS, resumed', tls: true, resume: true },
];

/** @type {readonly import('./scenario.mjs').Scenario[]} */
export const newConnectionScenarios = kinds.map(({ id, title, tls, resume }) => ({
  id,
  title,
  unit: CPU_PER_CONNECTION,
  baseline: 'nginx',
  tls,
  freshEachRun: false,
  subjects: sameLoad([...nativePeers, bareTorus, ...nodePeers], newConnections({ tls, resume })),
}));
