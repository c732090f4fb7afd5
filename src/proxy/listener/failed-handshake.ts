import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ListenerContext } from './listener-context.js';
import { clientInfoOf, countRejected } from './listener-context.js';

/**
 * Owns what the access log says of handshakes that fail. Whoever leaves without a word has no line: port scanners and the TCP
 * checks of load balancers do so all day.
 */

/** An errno. The codes of OpenSSL and of Node's TLS have an underscore. */
const LEFT = /^E[A-Z0-9]+$/;

export function logFailedHandshake(context: ListenerContext, socket: TLSSocket, code: string): void {
  if (LEFT.test(code)) return;
  const accepted = acceptedBelow(socket);
  const client = clientInfoOf(context, accepted);
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') {
    const detail = accepted.bytesRead === 0 ? 'silent' : undefined;
    countRejected(context, client, { status: 0, cause: 'downstream.tls.timeout', detail });
  } else countRejected(context, client, { status: 0, cause: 'downstream.tls.failed', detail: code });
}

/** Of a socket that was reset nobody can ask for the address any more; Node keeps the first answer. */
export function keepAddress(accepted: Socket): void {
  Reflect.get(accepted, 'remoteAddress');
}

/** The socket that was accepted has kept its address, the one that speaks TLS on it has not. Node names it nowhere else. */
function acceptedBelow(socket: TLSSocket): Socket {
  const parent: unknown = Reflect.get(socket, '_parent');
  return parent instanceof Socket ? parent : socket;
}
