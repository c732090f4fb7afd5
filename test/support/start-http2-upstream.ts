/** HTTP/2 upstreams: node:http2's for ordinary answers, and one that sends exactly the frames it is told to. */
import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import { END_HEADERS, FRAME, PREFACE, frame, hpack, uint32, type Frame } from './http2-client.js';
import { listen, startUpstream, watch, type TestUpstream, type UpstreamOptions } from './start-upstream.js';

export type Http2Handler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export interface Http2UpstreamOptions extends UpstreamOptions {
  readonly settings?: Settings;
  /** Only over TLS: HTTP/1.1 is chosen where the client offers both. */
  readonly allowHttp1?: boolean;
}

export interface Http2Upstream extends TestUpstream {
  /** Connections that are open now, the oldest first. */
  readonly sessions: readonly ServerHttp2Session[];
  /** Streams that began, ever. */
  readonly streams: number;
}

/** A node:http2 server. A handler that throws breaks its stream. */
export const startHttp2Upstream = async (
  handler: Http2Handler,
  { tls, port, settings, allowHttp1 = false }: Http2UpstreamOptions = {},
): Promise<Http2Upstream> => {
  const options = settings === undefined ? {} : { settings };
  const server = tls
    ? createSecureServer({ ...options, cert: tls.certPem, key: tls.keyPem, allowHTTP1: allowHttp1 })
    : createServer(options);
  const sessions = new Set<ServerHttp2Session>();
  let streams = 0;
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    streams += 1;
    stream.on('error', () => undefined);
    handler(stream, headers);
  });
  await listen(server, port);
  const watched = watch(server, tls ? 'https' : 'http');
  // Getters, so that what they count is read when it is asked for.
  return Object.defineProperties(watched, {
    sessions: { get: () => [...sessions] },
    streams: { get: () => streams },
  }) as Http2Upstream;
};

/** One connection of Torus to an upstream of frames. */
export class FrameServer {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  private readonly onFrame: (frame: Frame, server: FrameServer) => void;
  private pending: Buffer = Buffer.alloc(0);
  private prefaced = false;

  constructor(socket: Socket, onFrame: (frame: Frame, server: FrameServer) => void) {
    this.socket = socket;
    this.onFrame = onFrame;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
  }

  send(...frames: readonly Buffer[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(frames));
  }

  /** A response head; further flags such as END_STREAM. */
  head(stream: number, fields: readonly (readonly [string, string])[], flags = 0): Buffer {
    return frame(FRAME.headers, END_HEADERS | flags, stream, hpack(fields));
  }

  data(stream: number, text: string, flags = 0): Buffer {
    return frame(FRAME.data, flags, stream, Buffer.from(text));
  }

  reset(stream: number, code: number): Buffer {
    return frame(FRAME.rstStream, 0, stream, uint32(code));
  }

  goaway(lastStream: number, code = 0): Buffer {
    return frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(lastStream), uint32(code)]));
  }

  private take(chunk: Buffer): void {
    this.pending = Buffer.concat([this.pending, chunk]);
    if (!this.prefaced) {
      if (this.pending.length < PREFACE.length) return;
      this.pending = this.pending.subarray(PREFACE.length);
      this.prefaced = true;
    }
    while (this.pending.length >= 9) {
      const end = 9 + this.pending.readUIntBE(0, 3);
      if (this.pending.length < end) return;
      const next = {
        type: this.pending.readUInt8(3),
        flags: this.pending.readUInt8(4),
        stream: this.pending.readUInt32BE(5) & 0x7fffffff,
        payload: this.pending.subarray(9, end),
      };
      this.pending = this.pending.subarray(end);
      this.frames.push(next);
      this.onFrame(next, this);
    }
  }
}

export interface FrameUpstream extends TestUpstream {
  /** Every connection ever taken, the first one first. */
  readonly connections: readonly FrameServer[];
}

export interface FrameUpstreamOptions {
  /** Sent first; a SETTINGS frame and its acknowledgement unless told otherwise. */
  readonly greeting?: readonly Buffer[];
  /** PINGs are not answered. */
  readonly silentToPings?: boolean;
}

/** Plain TCP. `onRequest` is called with each HEADERS frame that begins a stream. */
export const startFrameUpstream = async (
  onRequest: (server: FrameServer, stream: number, connection: number) => void,
  {
    greeting = [frame(FRAME.settings), frame(FRAME.settings, 1)],
    silentToPings = false,
  }: FrameUpstreamOptions = {},
): Promise<FrameUpstream> => {
  const connections: FrameServer[] = [];
  const upstream = await startUpstream((socket) => {
    const number = connections.length + 1;
    const seen = new Set<number>();
    const server = new FrameServer(socket, ({ type, flags, stream, payload }) => {
      if (type === FRAME.ping && (flags & 1) === 0 && !silentToPings)
        server.send(frame(FRAME.ping, 1, 0, Buffer.from(payload)));
      if (type !== FRAME.headers || seen.has(stream)) return;
      seen.add(stream);
      onRequest(server, stream, number);
    });
    connections.push(server);
    server.send(...greeting);
  });
  return Object.assign(upstream, { connections });
};
