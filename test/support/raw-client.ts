/** A client that sends exactly the bytes it is told to, and reports how each response and the connection ended. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { ResponseReader, type ReadResponse } from './response-reader.js';
import { within } from './until.js';

export interface RawClientOptions {
  readonly port: number;
  readonly host?: string;
  /** `true` trusts anything; tests about certificates pass `ca`, `servername` and so on. */
  readonly tls?: boolean | ConnectionOptions;
  /** Local address to come from (127.0.0.2 and so on). */
  readonly localAddress?: string;
}

export type ConnectionEnd = 'fin' | 'reset';

export interface RawClient {
  readonly socket: Socket;
  /** Resolves when the kernel took the bytes; a lost connection is not an error here (see `closed`). */
  send(bytes: string | Uint8Array): Promise<void>;
  /** The next response. Never rejects on a lost or silent connection: `end` tells. */
  response(options?: { method?: string; timeoutMs?: number }): Promise<ReadResponse>;
  /** Sends and reads one response. */
  exchange(
    bytes: string | Uint8Array,
    options?: { method?: string; timeoutMs?: number },
  ): Promise<ReadResponse>;
  /** Resolves with everything unread up to and including `text`; rejects when it does not come. */
  readUntil(text: string, timeoutMs?: number): Promise<Buffer>;
  /** Resolves with `count` unread bytes. */
  readBytes(count: number, timeoutMs?: number): Promise<Buffer>;
  /** Bytes received and not yet read. */
  readonly unread: Buffer;
  /** Bytes received in all. */
  readonly receivedBytes: number;
  /** Resolves with how the peer ended the connection. */
  ended(timeoutMs?: number): Promise<ConnectionEnd>;
  /** FIN; the other direction stays open. */
  halfClose(): void;
  /** RST. */
  reset(): void;
  /** Stops reading: the receive window fills up. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const DEFAULT_TIMEOUT_MS = 5_000;

interface Opened {
  readonly socket: Socket;
  /** Below TLS: only a TCP handle can send a reset. */
  readonly tcp: Socket;
}

const open = async ({
  port,
  host = '127.0.0.1',
  tls = false,
  localAddress,
}: RawClientOptions): Promise<Opened> => {
  const tcp = connectTcp({
    port,
    host,
    allowHalfOpen: true,
    noDelay: true,
    ...(localAddress ? { localAddress } : {}),
  });
  if (tls === false) {
    await once(tcp, 'connect');
    return { socket: tcp, tcp };
  }
  const options = tls === true ? { rejectUnauthorized: false } : tls;
  const socket = connectTls({
    servername: 'localhost',
    ...options,
    socket: tcp,
    ALPNProtocols: ['http/1.1'],
  });
  await once(socket, 'secureConnect');
  return { socket, tcp };
};

class SocketClient implements RawClient {
  unread: Buffer = Buffer.alloc(0);
  receivedBytes = 0;
  readonly socket: Socket;
  private readonly tcp: Socket;
  private end: ConnectionEnd | undefined;
  private wake: () => void = () => undefined;

  constructor({ socket, tcp }: Opened) {
    this.socket = socket;
    this.tcp = tcp;
    socket.on('data', (chunk: Buffer) => {
      this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk]);
      this.receivedBytes += chunk.length;
      this.wake();
    });
    socket.on('end', () => this.finish('fin'));
    socket.on('error', () => this.finish('reset'));
    socket.on('close', (hadError) => this.finish(hadError ? 'reset' : 'fin'));
  }

  async send(bytes: string | Uint8Array): Promise<void> {
    if (!this.socket.writable) return;
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    await new Promise<void>((resolve) => this.socket.write(data, () => resolve()));
  }

  async response({ method = 'GET', timeoutMs = DEFAULT_TIMEOUT_MS } = {}): Promise<ReadResponse> {
    const reader = new ResponseReader(method);
    await this.waitFor(timeoutMs, () => {
      const bytes = this.unread;
      this.unread = Buffer.alloc(0);
      reader.push(bytes);
      if (!reader.done && this.end !== undefined) reader.finish(this.end === 'fin' ? 'closed' : 'reset');
      return reader.done;
    });
    reader.finish('timeout');
    this.unread = reader.rest;
    return reader.result();
  }

  async exchange(
    bytes: string | Uint8Array,
    options: { method?: string; timeoutMs?: number } = {},
  ): Promise<ReadResponse> {
    // Not awaited: an answer may come, and a reset too, before the last byte of the request is taken.
    void this.send(bytes);
    return this.response(options);
  }

  async readUntil(text: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Buffer> {
    const found = await this.waitFor(
      timeoutMs,
      () => this.unread.includes(text, 0, 'latin1') || this.end !== undefined,
    );
    const at = this.unread.indexOf(text, 0, 'latin1');
    if (at === -1) throw this.missing(JSON.stringify(text), found);
    return this.take(at + text.length);
  }

  async readBytes(count: number, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Buffer> {
    const found = await this.waitFor(timeoutMs, () => this.unread.length >= count || this.end !== undefined);
    if (this.unread.length < count) throw this.missing(`${String(count)} bytes`, found);
    return this.take(count);
  }

  async ended(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<ConnectionEnd> {
    await this.waitFor(timeoutMs, () => this.end !== undefined);
    if (this.end === undefined)
      throw new Error(`the peer did not end the connection within ${String(timeoutMs)} ms`);
    return this.end;
  }

  halfClose(): void {
    this.socket.end();
  }

  reset(): void {
    this.tcp.resetAndDestroy();
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  async close(): Promise<void> {
    if (this.socket.closed) return;
    const closed = new Promise<void>((resolve) => this.socket.once('close', () => resolve()));
    this.socket.destroy();
    await within(closed, DEFAULT_TIMEOUT_MS, 'the client socket to close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private finish(end: ConnectionEnd): void {
    // A FIN may be followed by a reset; the first word counts, as it does for whoever reads.
    this.end ??= end;
    this.wake();
  }

  private take(count: number): Buffer {
    const bytes = this.unread.subarray(0, count);
    this.unread = this.unread.subarray(count);
    return bytes;
  }

  private missing(what: string, found: boolean): Error {
    const how = found ? `the connection ended (${String(this.end)})` : 'silence';
    return new Error(
      `${what} did not come: ${how} after ${JSON.stringify(this.unread.toString('latin1').slice(-300))}`,
    );
  }

  /** Asks again after each event; resolves with false when time is up. */
  private waitFor(timeoutMs: number, isDone: () => boolean): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: boolean): void => {
        clearTimeout(timer);
        this.wake = () => undefined;
        resolve(outcome);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
      this.wake = () => {
        try {
          if (isDone()) settle(true);
        } catch (error) {
          clearTimeout(timer);
          reject(error);
        }
      };
      this.wake();
    });
  }
}

/** Connects, and does the TLS handshake if there is one. Rejects when either fails. */
export const rawClient = async (options: RawClientOptions): Promise<RawClient> =>
  new SocketClient(await open(options));

/** A request head with Host and the blank line; further fields as lines. */
export const requestHead = (line: string, ...fields: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: example.test', ...fields, '', ''].join('\r\n');
