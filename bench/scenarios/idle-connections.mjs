/** Owns the scenarios of idle kept-alive connections: how much resident memory each of them adds. */
import { mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processTree } from '../measure/process-tree.mjs';
import { residentBytes } from '../measure/resident-memory.mjs';
import { nativePeers, nodePeers } from '../peers/index.mjs';
import { bareTorus } from '../peers/torus.mjs';
import { Child } from '../processes/child-processes.mjs';
import { SMALL_PATH } from './kept-alive.mjs';
import { BYTES_PER_CONNECTION, sameLoad } from './scenario.mjs';

const CLIENT = path.resolve(import.meta.dirname, '../load/idle-connections-client.mjs');
const COUNT = 2000;
/** So that what is loaded or compiled once is there before the first weighing. */
const WARM_UP_COUNT = 100;
const OPEN_TIMEOUT_MS = 60_000;
const SETTLE_MS = 1_000;

/** @param {Child} client @returns {Promise<void>} when all are open */
const untilOpen = async (client) => {
  const deadline = performance.now() + OPEN_TIMEOUT_MS;
  while (!readFileSync(client.logFile, 'utf8').includes('\n')) {
    if (!client.alive || performance.now() > deadline)
      throw new Error(`the connections could not be opened: ${client.tail()}`);
    await delay(50);
  }
  if (!client.tail().startsWith('{'))
    throw new Error(`the connections could not be opened: ${client.tail()}`);
};

/** @returns {number} connections that stayed open until the client was ended */
const stayedOpen = (client) => JSON.parse(client.tail().split('\n').at(-1)).open;

/**
 * @param {import('./scenario.mjs').Session} session
 * @param {object} order
 * @param {() => Promise<void>} whileOpen
 */
const holdOpen = async ({ scratch, headers }, order, whileOpen) => {
  const client = new Child({
    name: 'idle client',
    command: process.execPath,
    args: [CLIENT, JSON.stringify({ ...order, path: SMALL_PATH, headers })],
    logFile: path.join(mkdtempSync(path.join(scratch, 'idle-')), 'log'),
  });
  try {
    await untilOpen(client);
    await delay(SETTLE_MS);
    await whileOpen();
  } finally {
    await client.stop();
  }
  return stayedOpen(client);
};

/** @param {boolean} tls @returns {import('./scenario.mjs').Run} */
const idleConnections = (tls) => async (instance, session) => {
  const port = tls ? instance.ports.https : instance.ports.http;
  const weigh = () => residentBytes(processTree(instance.rootPid));
  await holdOpen(session, { port, tls, count: WARM_UP_COUNT }, async () => undefined);
  await delay(SETTLE_MS);
  const before = weigh();
  let after = 0;
  const open = await holdOpen(session, { port, tls, count: COUNT }, async () => {
    after = weigh();
  });
  return { cost: (after - before) / COUNT / 1024, errors: COUNT - open, residentBytes: after };
};

/** @type {readonly import('./scenario.mjs').Scenario[]} */
export const idleConnectionScenarios = [false, true].map((tls) => ({
  id: tls ? 'idle-tls' : 'idle-plain',
  title: `memory of an idle connection, ${tls ? 'TLS' : 'HTTP'} (${COUNT} open)`,
  unit: BYTES_PER_CONNECTION,
  baseline: 'nginx',
  tls,
  freshEachRun: true,
  subjects: sameLoad([...nativePeers, bareTorus, ...nodePeers], idleConnections(tls)),
}));
