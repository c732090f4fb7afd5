/** Owns one connection to an endpoint as Torus would make it, PROXY header and TLS included; it is closed at once. */
import type { X509Certificate } from 'node:crypto';
import { connect, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { EndpointConfig, UpstreamConfig } from '../../contracts/config.js';
import { localProxyHeader } from '../../http/local-proxy-header.js';

export interface Dialled {
  /** Until TCP was there, milliseconds. */
  readonly connectMs: number;
  /** From there to the end of the handshake; undefined without TLS. */
  readonly tlsMs: number | undefined;
  readonly certificate: X509Certificate | undefined;
  /** What the endpoint chose by ALPN; empty for nothing. */
  readonly protocol: string;
}

/** Where it failed matters: nobody there, or nobody who speaks TLS as configured. */
export class DialFailure extends Error {
  readonly step: 'connect' | 'tls';
  readonly code: string;

  constructor(step: 'connect' | 'tls', error: NodeJS.ErrnoException) {
    super(error.message);
    this.step = step;
    this.code = error.code ?? 'error';
  }
}

const PROTOCOLS = { http1: ['http/1.1'], http2: ['h2'], auto: ['h2', 'http/1.1'] } as const;

/** Rejects with a `DialFailure`. The connection is given up when `signal` aborts. */
export const dial = async (
  endpoint: EndpointConfig,
  upstream: UpstreamConfig,
  signal: AbortSignal,
): Promise<Dialled> => {
  const startedAt = performance.now();
  const tcp = connect({ host: endpoint.host, port: endpoint.port });
  const giveUp = (): void => void tcp.destroy();
  signal.addEventListener('abort', giveUp);
  try {
    await settled(tcp, 'connect');
    const connectMs = performance.now() - startedAt;
    if (upstream.proxyProtocol !== undefined) tcp.write(localProxyHeader(upstream.proxyProtocol), 'latin1');
    if (endpoint.scheme === 'http')
      return { connectMs, tlsMs: undefined, certificate: undefined, protocol: '' };
    return { connectMs, ...(await shakeHands(tcp, endpoint, upstream)) };
  } finally {
    signal.removeEventListener('abort', giveUp);
    tcp.destroy();
  }
};

const shakeHands = async (
  tcp: Socket,
  { host, hostname }: EndpointConfig,
  { tls, protocol }: UpstreamConfig,
) => {
  const startedAt = performance.now();
  const name = tls.serverName ?? hostname ?? host;
  const socket = connectTls({
    socket: tcp,
    host: name,
    ALPNProtocols: [...PROTOCOLS[protocol]],
    rejectUnauthorized: tls.verify,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
  });
  await settled(socket, 'secureConnect');
  return {
    tlsMs: performance.now() - startedAt,
    certificate: socket.getPeerX509Certificate(),
    protocol: socket.alpnProtocol === false ? '' : (socket.alpnProtocol ?? ''),
  };
};

const settled = (socket: Socket | TLSSocket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    const step = event === 'connect' ? 'connect' : 'tls';
    const fail = (error: NodeJS.ErrnoException): void => reject(new DialFailure(step, error));
    socket.once(event, resolve);
    // Errors go on coming after the first; each is noted, and one is enough.
    socket.on('error', fail);
    socket.once('close', () =>
      fail(Object.assign(new Error('the connection was closed'), { code: 'closed' })),
    );
  });
