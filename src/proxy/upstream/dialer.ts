import { connect as connectPlain } from 'node:net';
import type { OnReadOpts, Socket, TcpNetConnectOpts } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { EndpointConfig, UpstreamTlsConfig } from '../../contracts/config.js';
import type { SocketReader } from '../codec/read-buffers.js';

/** Owns the opening of sockets to endpoints: plain or TLS, certificate verified unless the configuration says otherwise. */

const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

export interface Dialer {
  readonly isTls: boolean;
  /** A socket for pooled exchanges: it emits no `data`, all it reads goes to the reader. */
  dialPooled(reader: SocketReader): Socket;
  /** A socket that becomes one end of a tunnel: an ordinary duplex that may be half closed. */
  dialTunnel(): Socket;
  /** A socket for an HTTP/2 session. Over TLS the protocols are offered by ALPN; without it HTTP/2 is meant. */
  dialHttp2(protocols: readonly AlpnProtocol[]): Socket;
  /** As `dialTunnel`, with bytes that are sent before TLS. */
  dialPreceded(preamble: string): Socket;
}

export type AlpnProtocol = 'h2' | 'http/1.1';

const HTTP1: readonly AlpnProtocol[] = ['http/1.1'];

export function dialerFor(endpoint: EndpointConfig, tls: UpstreamTlsConfig): Dialer {
  const address = { host: endpoint.host.replace(/^\[|\]$/g, ''), port: endpoint.port, ...SOCKET_OPTIONS };
  if (endpoint.scheme === 'https') {
    const dialTls = secureDial(address, tls, tls.serverName ?? endpoint.hostname ?? address.host);
    return {
      isTls: true,
      dialPooled: (reader) => dialTls({ onread: onreadOf(reader) }, HTTP1),
      dialTunnel: () => dialTls({ allowHalfOpen: true }, HTTP1),
      dialHttp2: (protocols) => dialTls({ allowHalfOpen: false }, protocols),
      dialPreceded: (preamble) => {
        const tcp = preceded(address, preamble);
        const socket = dialTls({ socket: tcp }, HTTP1);
        tcp.once('error', (error) => socket.destroy(error));
        socket.once('close', () => tcp.destroy());
        return socket;
      },
    };
  }
  return {
    isTls: false,
    dialPooled: (reader) => connectPlain({ ...address, onread: onreadOf(reader) }),
    dialTunnel: () => connectPlain({ ...address, allowHalfOpen: true }),
    dialHttp2: () => connectPlain(address),
    dialPreceded: (preamble) => preceded(address, preamble),
  };
}

/** Written at once: a socket that is not connected yet keeps it, and sends it first. */
function preceded(address: TcpNetConnectOpts, preamble: string): Socket {
  const socket = connectPlain({ ...address, allowHalfOpen: true });
  socket.write(preamble, 'latin1');
  return socket;
}

/** Documented for sockets that tls.connect makes itself, but missing in its type. */
type SocketKind =
  { readonly onread: OnReadOpts } | { readonly allowHalfOpen: boolean } | { readonly socket: Socket };

function secureDial(
  address: { readonly host: string; readonly port: number },
  tls: UpstreamTlsConfig,
  serverName: string,
): (kind: SocketKind, protocols: readonly AlpnProtocol[]) => Socket {
  let session: Buffer | undefined;
  return (kind, protocols) => {
    const options: ConnectionOptions & SocketKind = {
      ...address,
      ...kind,
      ALPNProtocols: [...protocols],
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
      reader.onRead(bytes as Buffer, length, true);
      return true;
    },
  };
}
