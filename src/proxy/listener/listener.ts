import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import type { AcceptMode, BoundListener, ListenerConfig, ListenerTlsConfig } from '../../contracts/config.js';
import type { CappedListener, ConnectionCap } from './connection-cap.js';
import { Http1Connection } from './http1-connection.js';
import { Http2Connection } from './http2-connection.js';
import type { CountedConnection } from '../../observability/connection-census.js';
import { keepAddress, logFailedHandshake } from './failed-handshake.js';
import { handshakingClients } from './handshaking-clients.js';
import type { ListenerContext } from './listener-context.js';
import { clientInfoOf, countRejected } from './listener-context.js';
import { detectProtocol } from './protocol-detection.js';
import { ProxyHeaderReader } from './proxy-header-reader.js';
import type { ServedConnection } from './served-connection.js';
import { ticketKeysOf } from './ticket-keys.js';
import type { CertificateChooser } from './certificate-chooser.js';
import { chooserFor, contextOptionsOf, tlsOptionsOf } from './tls-options.js';

/** Owns one listening socket and the ledger of the connections that came through it. */

/** `backlog` of listen(2); the kernel cuts it to net.core.somaxconn. */
const BACKLOG = 4096;
const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
/** Until TLS is spoken: nobody who has ended can shake hands, and the connection need not wait for the deadline. */
const TLS_SOCKET_OPTIONS = { ...SOCKET_OPTIONS, allowHalfOpen: false };

export class Listener implements CappedListener {
  readonly config: ListenerConfig;
  private readonly context: ListenerContext;
  private readonly cap: ConnectionCap;
  private readonly proxyHeaders: ProxyHeaderReader | undefined;
  private readonly server: Server;
  private readonly tlsServer: TlsServer | undefined;
  private readonly chooser: CertificateChooser | undefined;
  /** The one that speaks TLS, where it makes session tickets. */
  private readonly ticketServer: TlsServer | undefined;
  private ticketKeys: Buffer | undefined = undefined;
  /** Every accepted socket, also those still in their TLS handshake. */
  private readonly sockets = new Set<Socket>();
  private readonly connections = new Set<ServedConnection>();
  private readonly reusePort: boolean;
  private closed = false;

  constructor(context: ListenerContext, cap: ConnectionCap, accept: AcceptMode) {
    this.config = context.config;
    this.context = context;
    this.cap = cap;
    this.reusePort = accept === 'reuse-port';
    const { tls, proxyProtocol } = context.config;
    this.proxyHeaders = proxyProtocol && new ProxyHeaderReader(context, proxyProtocol);
    this.chooser = tls && chooserFor(tls);
    this.tlsServer = tls && this.chooser && this.createTlsServer(tls, this.chooser);
    this.ticketServer = tls?.sessionTickets === true ? this.tlsServer : undefined;
    this.server = this.createServer(this.tlsServer);
    // Under round-robin the primary would offer a connection that is refused to the next worker, without end.
    Object.assign(this.server, { dropMaxConnection: true });
    cap.join(this);
    this.server.on('drop', () => {
      context.telemetry.connectionRefused(this.config.name, cap.reason);
    });
  }

  get openConnections(): number {
    return this.sockets.size;
  }

  limitConnections(maxConnections: number): void {
    // Some versions of Node read 0 as no limit.
    this.server.maxConnections = maxConnections > 0 ? maxConnections : -1;
  }

  /** Tickets of former keys are not read any more: their owners make a full handshake. */
  setTicketKeys(ticketKeys: string): void {
    this.ticketKeys = ticketKeysOf(this.config.name, ticketKeys);
    this.useTicketKeys();
  }

  private useTicketKeys(): void {
    if (this.ticketKeys !== undefined) this.ticketServer?.setTicketKeys(this.ticketKeys);
  }

  /**
   * Makes ready to show these certificates; what is returned does it, for handshakes from then on. Throws when one of them
   * cannot be used. Connections that are there stay.
   */
  prepareCertificates(tls: ListenerTlsConfig): () => void {
    const options = contextOptionsOf(this.config, tls);
    const next = chooserFor(tls);
    // To fail now rather than then.
    createSecureContext(options);
    return () => {
      this.tlsServer?.setSecureContext(options);
      this.chooser?.replaceBy(next);
      this.useTicketKeys();
    };
  }

  listen(): Promise<BoundListener> {
    const { host, port, name, tls } = this.config;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      // Unknown to the types of the oldest Node.
      const ownSocket = this.reusePort ? { reusePort: true } : {};
      this.server.listen({ host, port, backlog: BACKLOG, ...ownSocket }, () => {
        this.server.off('error', reject);
        // node:cluster gives whoever joins a shared socket the keys that its first worker began with: by now old ones.
        this.useTicketKeys();
        this.server.on('error', () => {
          // Accepting failed (EMFILE ...): the socket was not opened, and the listener goes on.
          this.context.telemetry.connectionRefused(name, 'accept-error');
        });
        const bound = this.server.address() as AddressInfo;
        resolve({ name, host: bound.address, port: bound.port, tls: tls !== undefined });
      });
    });
  }

  stopAccepting(): void {
    if (this.closed) return;
    this.closed = true;
    this.server.close();
  }

  get hasNewcomers(): boolean {
    // The others are in their TLS handshake.
    if (this.sockets.size > this.connections.size) return true;
    for (const { isNew } of this.connections) if (isNew) return true;
    return false;
  }

  /** What each connection carries now. */
  *held(): Iterable<CountedConnection> {
    const nowMs = this.context.timers.coarseNow();
    for (const { client, state, openedAtMs } of [...this.connections])
      yield { client: client.peerAddress, state, ageMs: Math.round(nowMs - openedAtMs) };
    if (this.sockets.size === this.connections.size) return;
    for (const client of handshakingClients(this.sockets, this.connections))
      yield { client, state: 'handshaking', ageMs: 0 };
  }

  /** Of those that carry nothing, how long: `[milliseconds, connection]`. */
  idleConnections(): (readonly [idleMs: number, connection: ServedConnection])[] {
    return [...this.connections].flatMap((connection) => {
      const { idleMs } = connection;
      return idleMs < 0 ? [] : [[idleMs, connection] as const];
    });
  }

  announceDrain(): void {
    for (const connection of this.connections) connection.announceDrain();
  }

  closeIdle(): void {
    for (const connection of this.connections) connection.closeIfIdle('drain');
  }

  async whenFlushed(): Promise<void> {
    await Promise.all([...this.connections].map((connection) => connection.whenFlushed()));
  }

  destroyAll(): void {
    for (const connection of this.connections) connection.destroy('drain');
    for (const socket of this.sockets) socket.destroy();
  }

  private createServer(tlsServer: TlsServer | undefined): Server {
    const { proxyHeaders } = this;
    if (proxyHeaders !== undefined) return this.createHeaderServer(proxyHeaders, tlsServer);
    if (tlsServer === undefined)
      return createPlainServer(SOCKET_OPTIONS, (socket) => {
        this.accept(socket);
        this.servePlain(socket);
      });
    return tlsServer.on('connection', (socket: Socket) => {
      keepAddress(socket);
      this.accept(socket);
    });
  }

  /** Accepts for both kinds: the PROXY header comes before TLS. */
  private createHeaderServer(proxyHeaders: ProxyHeaderReader, tlsServer: TlsServer | undefined): Server {
    return createPlainServer(SOCKET_OPTIONS, (socket) => {
      this.accept(socket);
      proxyHeaders.read(socket, () => {
        if (tlsServer === undefined) this.servePlain(socket);
        else this.handToTls(socket, tlsServer);
      });
    });
  }

  /** A TLS server takes a connection as if it had accepted it, with what it has buffered. */
  private handToTls(socket: Socket, tlsServer: TlsServer): void {
    socket.allowHalfOpen = TLS_SOCKET_OPTIONS.allowHalfOpen;
    tlsServer.emit('connection', socket);
  }

  private createTlsServer(tls: ListenerTlsConfig, chooser: CertificateChooser): TlsServer {
    const options = { ...TLS_SOCKET_OPTIONS, ...tlsOptionsOf(this.config, tls, chooser) };
    const server = createTlsServer(options, (socket) => {
      socket.allowHalfOpen = SOCKET_OPTIONS.allowHalfOpen;
      this.countHandshake(socket);
      this.serveSecure(socket);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.failHandshake(socket, error.code ?? 'unknown');
    });
    return server;
  }

  private failHandshake(socket: TLSSocket, code: string): void {
    const { telemetry, config } = this.context;
    telemetry.tlsHandshakeFailed(config.name, code);
    logFailedHandshake(this.context, socket, code);
    telemetry.socketClosed('downstream', config.name, 'handshake-failed');
    socket.destroy();
  }

  private countHandshake(socket: TLSSocket): void {
    const version = socket.getProtocol() ?? 'unknown';
    this.context.telemetry.tlsHandshakeDone(this.config.name, version, socket.isSessionReused());
  }

  private accept(socket: Socket): void {
    this.context.telemetry.socketOpened('downstream', this.config.name);
    this.sockets.add(socket);
    this.cap.update();
    socket.on('error', noted);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.cap.update();
    });
  }

  private servePlain(socket: Socket): void {
    const { protocols, timeouts } = this.config;
    if (!protocols.includes('http2')) this.serveHttp1(socket);
    else if (!protocols.includes('http1')) this.serveHttp2(socket);
    else
      detectProtocol(socket, {
        timers: this.context.timers,
        timeoutMs: timeouts.requestHeadMs,
        onHttp1: () => {
          this.serveHttp1(socket);
        },
        onHttp2: () => {
          this.serveHttp2(socket);
        },
        onGone: (reason) => {
          this.context.telemetry.socketClosed('downstream', this.config.name, reason);
        },
      });
  }

  private serveSecure(socket: TLSSocket): void {
    if (socket.alpnProtocol === 'h2') this.serveHttp2(socket);
    else if (this.config.protocols.includes('http1')) this.serveHttp1(socket);
    else {
      // A client without ALPN, where HTTP/2 alone is spoken.
      const why = { status: 0, cause: 'downstream.tls.failed', detail: 'no-protocol' } as const;
      countRejected(this.context, clientInfoOf(this.context, socket), why);
      this.context.telemetry.socketClosed('downstream', this.config.name, 'no-protocol');
      socket.destroy();
    }
  }

  private serveHttp1(socket: Socket): void {
    this.connections.add(new Http1Connection(socket, this.context, this.forget));
  }

  private serveHttp2(socket: Socket): void {
    this.connections.add(new Http2Connection(socket, this.context, this.forget));
  }

  private readonly forget = (connection: ServedConnection): void => {
    this.connections.delete(connection);
  };
}

function noted(): void {
  // The connection or tlsClientError reports it with its context; without a listener it would end the process.
}
