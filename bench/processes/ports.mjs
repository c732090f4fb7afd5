/** Owns finding free ports on loopback and waiting until something listens there. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 25;

/** A port that was free a moment ago. @returns {Promise<number>} */
export const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
};

/** @param {number} port @returns {Promise<boolean>} */
const accepts = (port) =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

/**
 * @param {import('./child-processes.mjs').Child} child
 * @param {readonly number[]} ports
 * @returns {Promise<void>} when all of them accept; throws with its last words when the child ends first
 */
export const waitForPorts = async (child, ports) => {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (const port of ports)
    while (!(await accepts(port))) {
      if (!child.alive) throw new Error(`${child.name} ended while starting:\n${child.tail()}`);
      if (performance.now() > deadline) throw new Error(`${child.name} does not listen:\n${child.tail()}`);
      await delay(POLL_MS);
    }
};
