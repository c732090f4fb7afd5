/**
 * Owns opening one connection for each request, as a process of its own: `node new-connections-client.mjs JSON`.
 * Prints one line of JSON. wrk cannot say whether it resumed a TLS session, so this client decides and counts it.
 */
import { percentile } from '../measure/statistics.mjs';
import { isWholeAnswer, openSocket, requestBytes } from './one-exchange.mjs';

/** @type {{ port: number, tls: boolean, resume: boolean, connections: number, seconds: number, path: string, headers: Record<string, string> }} */
const order = JSON.parse(process.argv[2]);
const request = requestBytes({ path: order.path, headers: order.headers, close: true });
const latencies = [];
let errors = 0;
let resumed = 0;
let session;

/** @returns {Promise<boolean>} whether the answer was whole */
const exchange = () =>
  new Promise((resolve) => {
    let answer = '';
    const socket = openSocket({ port: order.port, tls: order.tls, session });
    socket.setEncoding('latin1');
    socket.once(order.tls ? 'secureConnect' : 'connect', () => {
      if (order.tls && socket.isSessionReused()) resumed += 1;
      socket.write(request);
    });
    // The newest ticket is used next, as browsers do.
    if (order.resume) socket.on('session', (ticket) => (session = ticket));
    socket.on('data', (text) => {
      answer += text;
      // Some proxies do not close although they were asked to; a client that waited for it would measure its own patience.
      if (isWholeAnswer(answer)) socket.end();
    });
    socket.on('error', () => socket.destroy());
    socket.setTimeout(10_000, () => socket.destroy());
    socket.once('close', () => resolve(isWholeAnswer(answer)));
  });

const deadline = performance.now() + order.seconds * 1000;
const client = async () => {
  while (performance.now() < deadline) {
    const start = performance.now();
    if (await exchange()) latencies.push((performance.now() - start) * 1000);
    else errors += 1;
  }
};

const start = performance.now();
await Promise.all(Array.from({ length: order.connections }, client));
const seconds = (performance.now() - start) / 1000;
const requests = latencies.length;
console.log(
  JSON.stringify({
    requests,
    seconds,
    perSecond: requests / seconds,
    p50Us: requests === 0 ? undefined : percentile(latencies, 50),
    p99Us: requests === 0 ? undefined : percentile(latencies, 99),
    errors,
    resumed,
  }),
);
