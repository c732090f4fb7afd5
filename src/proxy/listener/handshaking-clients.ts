import type { Socket } from 'node:net';
import { plainAddress } from './listener-context.js';
import type { ServedConnection } from './served-connection.js';

/**
 * Owns the question whose connections are still in their handshake: accepted, but not served. What is served over TLS is another
 * object than what was accepted, so addresses are compared, not sockets.
 */
export function handshakingClients(
  accepted: Iterable<Socket>,
  served: Iterable<ServedConnection>,
): readonly string[] {
  const open = new Map<string, number>();
  for (const socket of accepted) change(open, socket, 1);
  for (const { socket } of served) change(open, socket, -1);
  return [...open].flatMap(([client, count]) => Array.from({ length: Math.max(0, count) }, () => client));
}

function change(open: Map<string, number>, { remoteAddress = '' }: Socket, by: 1 | -1): void {
  const client = plainAddress(remoteAddress);
  open.set(client, (open.get(client) ?? 0) + by);
}
