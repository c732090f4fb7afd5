import { connect as connectPlain } from 'node:net';
import type { OnReadOpts, Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { EndpointConfig, UpstreamTlsConfig } from '../../contracts/config.js';

/** Owns the opening of sockets to endpoints: plain or TLS, certificate verified unless the configuration says otherwise. */

/** What a pooled plain socket reads into, and who takes it: no allocation per read, and at most one buffer a read. */
export interface SocketReader {
  /** Asked before each read. */
  nextBuffer(): Buffer;
  onRead(bytes: Buffer, length: number): void;
}

const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

export interface Dialer {
  readonly isTls: boolean;
  /** A socket for pooled exchanges. Plain ones deliver through the reader; TLS ones emit `data`. */
  dialPooled(reader: SocketReader): Socket;
  /** A socket that becomes one end of a tunnel: an ordinary duplex that may be half closed. */
  dialTunnel(): Socket;
}

export function dialerFor(endpoint: EndpointConfig, tls: UpstreamTlsConfig): Dialer {
  const address = { host: endpoint.host.replace(/^\[|\]$/g, ''), port: endpoint.port, ...SOCKET_OPTIONS };
  if (endpoint.scheme === 'https') {
    const dialTls = secureDial(address, tls);
    return { isTls: true, dialPooled: () => dialTls(false), dialTunnel: () => dialTls(true) };
  }
  return {
    isTls: false,
    dialPooled: (reader) => connectPlain({ ...address, onread: onreadOf(reader) }),
    dialTunnel: () => connectPlain({ ...address, allowHalfOpen: true }),
  };
}

function secureDial(
  address: { readonly host: string; readonly port: number },
  tls: UpstreamTlsConfig,
): (allowHalfOpen: boolean) => Socket {
  let session: Buffer | undefined;
  const serverName = tls.serverName ?? address.host;
  return (allowHalfOpen) => {
    // `allowHalfOpen` is documented for sockets that tls.connect makes itself, but missing in its type.
    const options: ConnectionOptions & { readonly allowHalfOpen: boolean } = {
      ...address,
      allowHalfOpen,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: tls.verify,
      ...(isIpAddress(serverName) ? {} : { servername: serverName }),
      ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
      ...(session === undefined ? {} : { session }),
    };
    const socket = connectTls(options);
    // tls.connect overlooks these two options, which net.connect takes.
    socket.once('connect', () => {
      socket.setNoDelay(SOCKET_OPTIONS.noDelay);
      socket.setKeepAlive(SOCKET_OPTIONS.keepAlive, SOCKET_OPTIONS.keepAliveInitialDelay);
    });
    // A resumed handshake is several times cheaper than a full one.
    socket.on('session', (ticket) => {
      session = ticket;
    });
    return socket;
  };
}

/** RFC 6066 section 3: an address is no server name. */
function isIpAddress(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(':');
}

function onreadOf(reader: SocketReader): OnReadOpts {
  return {
    buffer: () => reader.nextBuffer(),
    callback: (length, bytes) => {
      reader.onRead(bytes as Buffer, length);
      return true;
    },
  };
}
