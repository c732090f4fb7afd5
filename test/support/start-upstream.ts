/** Upstreams that do what a test tells them: answer raw bytes or as node:http does, hang, reset, refuse; and count sockets. */
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { until } from './until.js';

export interface UpstreamOptions {
  /** Serves TLS with this certificate. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
  /** 0, unless an upstream must come back on the port it had. */
  readonly port?: number;
}

export interface TestUpstream {
  readonly port: number;
  /** `http://127.0.0.1:port` or `https://localhost:port`. */
  readonly url: string;
  readonly server: Server;
  /** Connections open now. */
  readonly openSockets: number;
  /** Connections ever accepted. */
  readonly acceptedSockets: number;
  /** Resolves once no more than `count` sockets are open. */
  whenOpenSockets(count: number, timeoutMs?: number): Promise<void>;
  /** RST to every open connection. */
  resetAll(): void;
  /** Stops listening and resets what is open: new connections are refused from now on. */
  refuse(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Counts the sockets of a server, and ends them. */
export const watch = (server: Server, scheme: 'http' | 'https'): TestUpstream => {
  // Sockets below TLS, so that a failed handshake counts too and a reset can be sent.
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined); // how a connection ends is judged from the other side
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  const resetAll = (): void => {
    // A socket whose FIN has not left yet refuses to be reset, and would stay open (libuv, uv_tcp_close_reset).
    for (const socket of sockets) {
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  };
  const close = async (): Promise<void> => {
    const closed = server.listening ? once(server, 'close') : Promise.resolve();
    server.close();
    resetAll();
    await closed;
    await until(() => sockets.size === 0, 5_000, 'the upstream sockets to close');
  };
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${scheme}://${scheme === 'https' ? 'localhost' : '127.0.0.1'}:${String(port)}`,
    server,
    get openSockets() {
      return sockets.size;
    },
    get acceptedSockets() {
      return accepted;
    },
    whenOpenSockets: async (count, timeoutMs = 5_000) => {
      await until(() => sockets.size <= count, timeoutMs, `at most ${String(count)} open upstream sockets`);
    },
    resetAll,
    refuse: close,
    close,
    [Symbol.asyncDispose]: close,
  };
};

export const listen = async (server: Server, port = 0): Promise<void> => {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
};

/** A TCP (or TLS) server: the handler owns each accepted socket. Errors on it are swallowed, half-open is allowed. */
export const startUpstream = async (
  handler: (socket: Socket) => void,
  { tls, port }: UpstreamOptions = {},
): Promise<TestUpstream> => {
  const take = (socket: Socket): void => {
    socket.on('error', () => undefined);
    handler(socket);
  };
  const options = { allowHalfOpen: true, noDelay: true };
  const server = tls
    ? createTlsServer({ ...options, cert: tls.certPem, key: tls.keyPem }, take)
    : createServer(options, take);
  await listen(server, port);
  return watch(server, tls ? 'https' : 'http');
};

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Answers 200 with what it was asked, as JSON: method, url, headers, body. */
export const echo: HttpHandler = async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method, url, headers, rawHeaders } = request;
  const body = Buffer.concat(chunks).toString();
  const text = JSON.stringify({ method, url, headers, rawHeaders, body });
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
};

/** A node:http server without timeouts of its own. A handler that throws breaks its connection. */
export const startHttpUpstream = async (
  handler: HttpHandler = echo,
  { tls, port }: UpstreamOptions = {},
): Promise<TestUpstream & { readonly server: HttpServer }> => {
  const server = tls ? createHttpsServer({ cert: tls.certPem, key: tls.keyPem }) : createHttpServer();
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, timeout: 0 });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    Promise.resolve(handler(request, response)).catch(() => response.destroy());
  });
  await listen(server, port);
  return watch(server, tls ? 'https' : 'http') as TestUpstream & { readonly server: HttpServer };
};
