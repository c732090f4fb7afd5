/** Owns the sockets of checks on endpoints that want a PROXY header: one that stands for no client, sent before TLS. */
import { connect as connectPlain } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { localProxyHeader } from '../../../../http/local-proxy-header.js';
import { tlsOptionsFor } from './probe.js';
import type { ProbeTarget } from './probe.js';

/** Undefined where none is wanted: the client then dials as it always does. */
export function proxiedSocketFor(target: ProbeTarget, alpn: readonly string[]): (() => Socket) | undefined {
  const { proxyProtocol, endpoint, port } = target;
  if (proxyProtocol === undefined) return undefined;
  return () => {
    const tcp = connectPlain({ host: endpoint.host, port });
    tcp.write(localProxyHeader(proxyProtocol), 'latin1');
    if (endpoint.scheme === 'http') return tcp;
    const socket = connectTls({ ...tlsOptionsFor(target), ALPNProtocols: [...alpn], socket: tcp });
    tcp.once('error', (error) => socket.destroy(error));
    socket.once('close', () => tcp.destroy());
    return socket;
  };
}
