import { createHash, randomBytes } from 'node:crypto';
import type { RequestHead, ResponseHead } from '../../contracts/message.js';
import type { RoutedRequest } from '../../contracts/forwarder.js';
import { copyOf, fieldsOf } from '../../http/field-block.js';

/**
 * Owns what CONNECT asks of the forwarder: the answer that opens a tunnel, and the HTTP/1.1 handshake of a WebSocket whose client
 * speaks HTTP/2 and knows nothing of it (RFC 8441 section 5).
 */

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** An extended CONNECT to a protocol that its route does not take. Upgrade over HTTP/1.1 can be overlooked; this cannot. */
export function isRefusedConnect({ downstream, route }: RoutedRequest): boolean {
  const { connect, upgrade = '' } = downstream.head;
  return connect === 'extended' && !route.config.upgrades.includes(upgrade);
}

/** The request asks for a tunnel, and its route would open one. Otherwise it is served as plain HTTP. */
export function tunnelProtocolOf(
  { connect, upgrade }: RequestHead,
  upgrades: readonly string[],
): string | undefined {
  if (connect === 'tcp') return connect;
  return upgrade !== undefined && upgrades.includes(upgrade) ? upgrade : undefined;
}

/** The key for an upstream of a client that has none; undefined for all others. */
export function handshakeKeyFor({ connect, upgrade }: RequestHead): string | undefined {
  return connect === 'extended' && upgrade === 'websocket' ? randomBytes(16).toString('base64') : undefined;
}

/** RFC 6455 section 4.1: what the upstream must answer to the key. */
export function isAccepted({ fields }: ResponseHead, key: string): boolean {
  const expected = createHash('sha1').update(`${key}${ACCEPT_GUID}`).digest('base64');
  return fields.getAll('sec-websocket-accept').join() === expected;
}

/** The 101 of an upstream as the 200 that a client of HTTP/2 waits for. */
export function establishedHead(switched: ResponseHead): ResponseHead {
  const fields = copyOf(switched.fields);
  fields.remove('sec-websocket-accept');
  return { ...TUNNEL_OPEN, fields };
}

/** The answer to a CONNECT without a protocol: RFC 9110 section 9.3.6 leaves no more to say. */
export const tunnelOpenHead = (): ResponseHead => ({ ...TUNNEL_OPEN, fields: fieldsOf([]) });

const TUNNEL_OPEN = {
  status: 200,
  reason: 'Connection Established',
  framing: 'none',
  contentLength: -1,
} as const;
