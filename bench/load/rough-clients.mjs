/** Owns clients that behave as badly as real ones: they leave in the middle of answers and uploads, and read slowly. */
import { setTimeout as delay } from 'node:timers/promises';
import { openSocket } from './one-exchange.mjs';

const CLIENTS = 6;
const MEBIBYTE = 2 ** 20;

const head = (method, target, headers) =>
  [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '\r\n',
  ].join('\r\n');

/** @param {import('node:net').Socket} socket */
const closed = (socket) => new Promise((resolve) => socket.once('close', resolve));

/** Takes some of a large answer, and is gone. */
const leaveAnswer = async (socket, headers) => {
  const enough = Math.random() * MEBIBYTE;
  let taken = 0;
  socket.on('data', (piece) => {
    taken += piece.length;
    if (taken > enough) socket.destroy();
  });
  socket.write(head('GET', '/files/1m', headers));
  await closed(socket);
};

/** Sends some of an upload, and is gone. */
const leaveUpload = async (socket, headers) => {
  socket.resume();
  socket.write(head('POST', '/uploads', { ...headers, 'Content-Length': `${MEBIBYTE}` }));
  socket.write(Buffer.alloc(Math.floor(Math.random() * MEBIBYTE)), () => socket.destroy());
  await closed(socket);
};

/** Reads a large answer with long rests. */
const readSlowly = async (socket, headers) => {
  let taken = 0;
  socket.on('data', (piece) => {
    taken += piece.length;
    socket.pause();
    setTimeout(() => (taken >= MEBIBYTE ? socket.destroy() : socket.resume()), 20);
  });
  socket.write(head('GET', '/files/1m', headers));
  await closed(socket);
};

/** Sends chunks of a few bytes each, and then ends as it should. */
const trickle = async (socket, headers) => {
  socket.on('data', () => socket.destroy());
  socket.write(head('POST', '/uploads', { ...headers, 'Transfer-Encoding': 'chunked' }));
  for (let count = 0; count < 50 && !socket.destroyed; count += 1) {
    socket.write('5\r\nhello\r\n');
    await delay(10);
  }
  if (!socket.destroyed) socket.write('0\r\n\r\n');
  await closed(socket);
};

const HABITS = [leaveAnswer, leaveUpload, readSlowly, trickle];

/** @param {{ http: number, https: number, headers: Record<string, string>, seconds: number }} load */
export const roughClients = async ({ http, https, headers, seconds }) => {
  const deadline = performance.now() + seconds * 1000;
  const client = async (number) => {
    for (let turn = number; performance.now() < deadline; turn += 1) {
      const tls = turn % 2 === 0;
      const socket = openSocket({ port: tls ? https : http, tls });
      // How it ends is what the proxy makes of it: the soak looks at the proxy.
      socket.on('error', () => socket.destroy());
      socket.setTimeout(30_000, () => socket.destroy());
      await HABITS[turn % HABITS.length](socket, headers);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
};
