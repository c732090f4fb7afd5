/**
 * Owns holding many idle kept-alive connections, as a process of its own: `node idle-connections-client.mjs JSON`.
 * Each asks once, a few at a time; then it prints one line of JSON and keeps them all open until it is ended.
 */
import { isWholeAnswer, openSocket, requestBytes } from './one-exchange.mjs';

/** @type {{ port: number, tls: boolean, count: number, path: string, headers: Record<string, string> }} */
const order = JSON.parse(process.argv[2]);
const AT_ONCE = 20;
const request = requestBytes({ path: order.path, headers: order.headers, close: false });
const open = new Set();

/** @returns {Promise<void>} rejects when no whole answer came */
const openOne = () =>
  new Promise((resolve, reject) => {
    let answer = '';
    const socket = openSocket({ port: order.port, tls: order.tls });
    socket.setEncoding('latin1');
    socket.once(order.tls ? 'secureConnect' : 'connect', () => socket.write(request));
    socket.on('data', (text) => {
      answer += text;
      if (!isWholeAnswer(answer)) return;
      open.add(socket);
      resolve();
    });
    socket.on('error', reject);
    socket.once('close', () => {
      open.delete(socket);
      reject(new Error(`closed after ${answer.split('\r\n')[0]}`));
    });
  });

let started = 0;
const opener = async () => {
  while (started < order.count) {
    started += 1;
    await openOne();
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, opener));
console.log(JSON.stringify({ open: open.size }));
// What closes while we wait is told at the end, so that a proxy that drops idle connections does not look small.
process.once('SIGTERM', () => {
  console.log(JSON.stringify({ open: open.size }));
  process.exit(0);
});
