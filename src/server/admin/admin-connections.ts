/** Owns how many connections the admin listener holds, and which of them gives way. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * At most `most` connections at once. One that comes when all are taken gets the place of the oldest on which no request runs, so
 * that probes are answered whoever holds connections open; where a request runs on all of them, it is closed itself.
 */
export const holdAtMost = (most: number, server: Server): void => {
  const held = new Map<unknown, Socket>();
  const busy = new Set<unknown>();
  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket);
    held.set(key, socket);
    socket.once('close', () => held.delete(key));
    if (held.size > most) (oldestIdle(held, busy) ?? socket).destroy();
  });
  server.on('request', (request, response) => {
    const key = keyOf(request.socket);
    busy.add(key);
    response.once('close', () => busy.delete(key));
  });
};

/** The socket beneath TLS and the one above it have the peer in common; a unix socket has no port, and no TLS. */
const keyOf = (socket: Socket): unknown =>
  socket.remotePort === undefined ? socket : `${socket.remoteAddress ?? ''} ${socket.remotePort}`;

const oldestIdle = (held: ReadonlyMap<unknown, Socket>, busy: ReadonlySet<unknown>): Socket | undefined => {
  for (const [key, socket] of held) if (!busy.has(key)) return socket;
  return undefined;
};
