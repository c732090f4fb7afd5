import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import type { AcceptMode, BoundListener, ListenerConfig, ListenerTlsConfig } from '../../contracts/config.js';
import type { CappedListener, ConnectionCap } from './connection-cap.js';
import { Http1Connection } from './http1-connection.js';
import type { ListenerContext } from './listener-context.js';
import { ticketKeysOf } from './ticket-keys.js';
import { tlsOptionsOf } from './tls-options.js';

/** Owns one listening socket and the ledger of the connections that came through it. */

/** `backlog` of listen(2); the kernel cuts it to net.core.somaxconn. */
const BACKLOG = 4096;
const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 };

export class Listener implements CappedListener {
  readonly config: ListenerConfig;
  private readonly context: ListenerContext;
  private readonly cap: ConnectionCap;
  private readonly server: Server;
  /** The same one, where it makes session tickets. */
  private readonly ticketServer: TlsServer | undefined;
  private ticketKeys: Buffer | undefined = undefined;
  /** Every accepted socket, also those still in their TLS handshake. */
  private readonly sockets = new Set<Socket>();
  private readonly connections = new Set<Http1Connection>();
  private readonly reusePort: boolean;
  private closed = false;

  constructor(context: ListenerContext, cap: ConnectionCap, accept: AcceptMode) {
    this.config = context.config;
    this.context = context;
    this.cap = cap;
    this.reusePort = accept === 'reuse-port';
    const { tls } = context.config;
    const tlsServer = tls === undefined ? undefined : this.createTlsServer(tls);
    this.ticketServer = tls?.sessionTickets === true ? tlsServer : undefined;
    this.server = tlsServer ?? this.createPlainServer();
    // Under round-robin the primary would offer a connection that is refused to the next worker, without end.
    Object.assign(this.server, { dropMaxConnection: true });
    cap.join(this);
    this.server.on('drop', () => {
      context.telemetry.connectionRefused(this.config.name, 'cap');
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
    for (const { isBusy, socket } of this.connections) if (!isBusy && socket.bytesWritten === 0) return true;
    return false;
  }

  closeIdle(): void {
    for (const connection of this.connections) connection.closeIfIdle('drain');
  }

  destroyAll(): void {
    for (const connection of this.connections) connection.destroy('drain');
    for (const socket of this.sockets) socket.destroy();
  }

  private createPlainServer(): Server {
    return createPlainServer(SOCKET_OPTIONS, (socket) => {
      this.accept(socket);
      this.serve(socket);
    });
  }

  private createTlsServer(tls: ListenerTlsConfig): TlsServer {
    const server = createTlsServer({ ...SOCKET_OPTIONS, ...tlsOptionsOf(this.config, tls) }, (socket) => {
      this.countHandshake(socket);
      this.serve(socket);
    });
    server.on('connection', (socket: Socket) => {
      this.accept(socket);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      this.context.telemetry.tlsHandshakeFailed(this.config.name, error.code ?? 'unknown');
      this.context.telemetry.socketClosed('downstream', this.config.name, 'handshake-failed');
      socket.destroy();
    });
    return server;
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

  private serve(socket: Socket): void {
    const connection = new Http1Connection(socket, this.context, (closed) => {
      this.connections.delete(closed);
    });
    this.connections.add(connection);
  }
}

function noted(): void {
  // Http1Connection or tlsClientError reports it with its context; without a listener it would end the process.
}
