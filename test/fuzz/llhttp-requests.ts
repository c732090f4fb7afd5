/** Reads requests with node:http, which is llhttp in strict mode, over a socket in memory. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { comparableLine } from './comparable-line.js';
import { MemorySocket } from './memory-socket.js';
import { emptyReading, grow, type ReadMessage, type Reading } from './reading.js';
import type { OpenReading } from './torus-requests.js';

const readings = new WeakMap<Duplex, Reading>();

function take(request: IncomingMessage, response: ServerResponse): void {
  const reading = readings.get(request.socket);
  const line = comparableLine(request.method ?? '', request.url ?? '');
  const message: ReadMessage = { line, body: Buffer.alloc(0), complete: false };
  reading?.messages.push(message);
  request.on('data', (piece: Buffer) => grow(message, piece));
  request.on('error', () => undefined); // reported by `clientError`
  request.on('end', () => {
    message.complete = true;
    response.writeHead(200, { 'content-length': 0 }).end();
  });
}

const server = createServer({
  insecureHTTPParser: false,
  keepAliveTimeout: 0,
  requestTimeout: 0,
  headersTimeout: 0,
});
server.maxRequestsPerSocket = 0;
server.on('request', take);
server.on('checkContinue', take);
server.on('checkExpectation', take);
// The socket is left open: bodies that were read before the fault still have to be delivered.
server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
  const reading = readings.get(socket);
  if (reading !== undefined) reading.refused ??= error.code ?? error.message;
});

export function openLlhttp(): OpenReading {
  const reading = emptyReading();
  const socket = new MemorySocket();
  readings.set(socket, reading);
  server.emit('connection', socket);
  return { reading, socket };
}
