/** Reads one response with the client of node:http, which is llhttp in strict mode, over a socket in memory. */
import { request, type IncomingMessage } from 'node:http';
import { MemorySocket } from './memory-socket.js';
import { emptyReading, grow, type Reading } from './reading.js';
import type { ResponseCase } from './torus-responses.js';

function take(reading: Reading, response: IncomingMessage): void {
  const message = { line: String(response.statusCode), body: Buffer.alloc(0), complete: false };
  reading.messages.push(message);
  response.on('data', (piece: Buffer) => grow(message, piece));
  response.on('error', (error: NodeJS.ErrnoException) => (reading.refused ??= error.code ?? error.message));
  response.on('end', () => (message.complete = response.complete));
}

/** The reading fills up over the next turns of the event loop. */
export function readLlhttpResponse({ text, method }: ResponseCase): Reading {
  const reading = emptyReading();
  const socket = new MemorySocket();
  const sent = request({
    method,
    createConnection: () => socket,
    insecureHTTPParser: false,
    headers: { connection: 'keep-alive' },
  });
  sent.on('response', (response) => {
    take(reading, response);
  });
  sent.on('upgrade', () => reading.messages.push({ line: '101', body: Buffer.alloc(0), complete: false }));
  sent.on('error', (error: NodeJS.ErrnoException) => (reading.refused ??= error.code ?? error.message));
  sent.end();
  setImmediate(() => {
    socket.arrive(Buffer.from(text, 'latin1'));
    socket.push(null);
  });
  return reading;
}
