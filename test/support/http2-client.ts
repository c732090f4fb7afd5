/** HTTP/2 clients: node:http2's for ordinary requests, and one that sends exactly the frames it is told to. */
import { once } from 'node:events';
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  type IncomingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { until } from './until.js';

export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly interim: readonly number[];
  /** Code of the RST_STREAM that ended it; 0 for a proper end. */
  readonly rstCode: number;
  text(): string;
}

export interface Http2ClientOptions {
  readonly port: number;
  readonly tls?: boolean;
  readonly options?: ClientSessionOptions | SecureClientSessionOptions;
}

/** A session of node:http2. Its errors are judged by what becomes of the requests. */
export const http2Session = async ({
  port,
  tls = true,
  options = {},
}: Http2ClientOptions): Promise<ClientHttp2Session> => {
  const url = tls ? `https://localhost:${String(port)}` : `http://127.0.0.1:${String(port)}`;
  const session = connectHttp2(url, { rejectUnauthorized: false, ...options });
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
};

/** Sends one request and waits until its stream has closed. Never rejects: `status` is 0 when there was no answer. */
export const http2Ask = async (
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string | string[]>>,
  body?: string | Buffer,
  trailers?: Readonly<Record<string, string>>,
): Promise<Http2Answer> => {
  const method = String(headers[':method'] ?? (body === undefined ? 'GET' : 'POST'));
  const stream = session.request(
    { ...headers, ':method': method },
    { endStream: body === undefined, waitForTrailers: trailers !== undefined },
  );
  const pieces: Buffer[] = [];
  const interim: number[] = [];
  const answer = { status: 0, headers: {} as IncomingHttpHeaders, trailers: undefined as object | undefined };
  stream.on('headers', (head) => interim.push(Number(head[':status'])));
  stream.on('response', (head) => Object.assign(answer, { status: Number(head[':status']), headers: head }));
  stream.on('trailers', (fields) => (answer.trailers = fields));
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('error', () => undefined);
  stream.on('wantTrailers', () => stream.sendTrailers(trailers ?? {}));
  if (body !== undefined) stream.end(body);
  await http2Closed(stream);
  const bytes = Buffer.concat(pieces);
  return {
    ...answer,
    trailers: answer.trailers as IncomingHttpHeaders | undefined,
    body: bytes,
    interim,
    rstCode: stream.rstCode,
    text: () => bytes.toString(),
  };
};

/** Resolves when the stream has closed, however it did. */
export const http2Closed = (stream: ClientHttp2Stream): Promise<void> =>
  new Promise((resolve) => stream.once('close', () => resolve()));

export const closeHttp2 = async (session: ClientHttp2Session): Promise<void> => {
  if (session.destroyed) return;
  const closed = once(session, 'close');
  session.destroy();
  await closed;
};

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const frame = (type: number, flags = 0, stream = 0, payload: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

export const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** An HPACK integer with a 7-bit prefix. */
const lengthOf = (length: number): Buffer => {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
};

/** HPACK without any table: each field literally, as latin1. */
export const hpack = (fields: readonly (readonly [name: string, value: string])[]): Buffer =>
  Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0]),
      lengthOf(name.length),
      Buffer.from(name, 'latin1'),
      lengthOf(value.length),
      Buffer.from(value, 'latin1'),
    ]),
  );

export const requestFields = (
  path = '/',
  method = 'GET',
): readonly (readonly [name: string, value: string])[] => [
  [':method', method],
  [':scheme', 'https'],
  [':path', path],
  [':authority', 'localhost'],
];

/** Sends frames as they are given and keeps what comes back. */
export class FrameClient {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  /** The gateway ended the connection. */
  ended = false;
  private pending: Buffer = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    for (const event of ['end', 'error', 'close']) socket.on(event, () => (this.ended = true));
  }

  /** Resolves when the kernel has the bytes, or the connection is lost. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    if (!this.socket.writable) return;
    await new Promise<void>((resolve) => this.socket.write(Buffer.concat(frames), () => resolve()));
  }

  request(stream: number, fields = requestFields(), flags = END_STREAM | END_HEADERS): Promise<void> {
    return this.send(frame(FRAME.headers, flags, stream, hpack(fields)));
  }

  of(type: number, stream?: number): readonly Frame[] {
    return this.frames.filter((at) => at.type === type && (stream === undefined || at.stream === stream));
  }

  /** The first frame of that type; rejects when the connection ends without. */
  frame(type: number, stream?: number): Promise<Frame> {
    return until(() => {
      const [found] = this.of(type, stream);
      if (found === undefined && this.ended) throw new Error(`the connection ended without frame ${type}`);
      return found;
    });
  }

  /** The code of the last GOAWAY; undefined when the connection ended without one. */
  async goaway(): Promise<number | undefined> {
    await this.whenEnded();
    return this.of(FRAME.goaway).at(-1)?.payload.readUInt32BE(4);
  }

  async whenEnded(timeoutMs = 5_000): Promise<void> {
    await until(() => this.ended, timeoutMs, 'the connection to end');
  }

  /** `cause` of the problem document that answered a stream. */
  async cause(stream: number): Promise<string> {
    const { payload } = await this.frame(FRAME.data, stream);
    return (JSON.parse(payload.toString()) as { readonly cause: string }).cause;
  }

  async close(): Promise<void> {
    const closed = this.socket.closed ? undefined : once(this.socket, 'close');
    this.socket.destroy();
    await closed;
  }

  private take(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    while (this.pending.length >= 9) {
      const end = 9 + this.pending.readUIntBE(0, 3);
      if (this.pending.length < end) return;
      this.frames.push({
        type: this.pending.readUInt8(3),
        flags: this.pending.readUInt8(4),
        stream: this.pending.readUInt32BE(5) & 0x7fffffff,
        payload: this.pending.subarray(9, end),
      });
      this.pending = this.pending.subarray(end);
    }
  }
}

export interface FrameClientOptions {
  readonly port: number;
  readonly tls?: boolean;
  readonly servername?: string;
  /** `false`: nothing is sent yet. */
  readonly preface?: boolean;
}

export const frameClient = async ({
  port,
  tls = true,
  servername = 'localhost',
  preface = true,
}: FrameClientOptions): Promise<FrameClient> => {
  const tcp = connectTcp({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const socket = tls
    ? connectTls({ socket: tcp, servername, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    : tcp;
  socket.on('error', () => undefined); // how it ended is asked of the client
  await once(socket, tls ? 'secureConnect' : 'connect');
  const client = new FrameClient(socket);
  if (preface) await client.send(PREFACE, frame(FRAME.settings), frame(FRAME.settings, 1));
  return client;
};
