/** Owns a gateway in front of endpoints that stall on purpose, and the reading of its live view. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  startHttp2Upstream,
  OPCODE,
  startTorus,
  startUpstream,
  testCertificate,
  until,
  webSocketFrame,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

export interface StreamRow {
  readonly id: string;
  readonly worker: number;
  readonly pid: number;
  readonly path: string;
  readonly phase: string;
  readonly tunnel: string | null;
  readonly blocked: string | null;
  readonly blockedForMs: number;
  readonly blockedOnClientMs: number;
  readonly blockedOnUpstreamMs: number;
  readonly bufferedBytes: number;
  readonly peakBufferedBytes: number;
  readonly [field: string]: unknown;
}

export interface StreamReport {
  readonly time: number;
  readonly total: number;
  readonly matched: number;
  readonly missing: readonly unknown[];
  readonly streams: readonly StreamRow[];
}

/** No kernel holds as much: whoever sends it to a side that does not read is held back. */
export const FLOOD_BYTES = 32 * 1024 * 1024;
const BLOCK = Buffer.alloc(1024 * 1024, 'x');

/** As fast as it is taken. */
export const flood = (socket: Socket, bytes = FLOOD_BYTES): void => {
  const next = (left: number): void => {
    if (left > 0 && socket.writable) socket.write(BLOCK.subarray(0, left), () => next(left - BLOCK.length));
  };
  next(bytes);
};

/** Reads everything from now on and keeps nothing. Resolves once that many bytes have come. */
export const swallow = (socket: Socket, bytes: number): Promise<void> =>
  new Promise((resolve) => {
    let left = bytes;
    socket.removeAllListeners('data');
    socket.on('data', (piece: Buffer) => {
      left -= piece.length;
      if (left <= 0) resolve();
    });
    socket.resume();
  });

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const switchTo = (socket: Socket, head: string): void => {
  const key = /^sec-websocket-key: (.*)$/im.exec(head)?.[1]?.trim() ?? '';
  const accept = createHash('sha1').update(`${key}${ACCEPT_GUID}`).digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
};

type Script = (socket: Socket, head: string) => void;

/** What the endpoint does with a request, by the first segment of its path. */
const SCRIPTS: Readonly<Record<string, Script>> = {
  download: (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${FLOOD_BYTES}\r\n\r\n`);
    flood(socket);
  },
  chunked: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegun\r\n');
  },
  small: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  silent: () => undefined,
  upload: (socket) => socket.pause(),
  'tunnel-flood': (socket, head) => {
    switchTo(socket, head);
    flood(socket);
  },
  /** In frames: their boundaries are looked at on the way. */
  'tunnel-told': (socket, head) => {
    switchTo(socket, head);
    const frame = webSocketFrame(OPCODE.binary, BLOCK);
    for (let sent = 0; sent < FLOOD_BYTES; sent += BLOCK.length) socket.write(frame);
  },
  'tunnel-deaf': (socket, head) => {
    switchTo(socket, head);
    socket.pause();
  },
};

export interface LiveWorld {
  readonly torus: RunningTorus;
  readonly upstream: TestUpstream;
  /** Never reads what it is sent, over HTTP/2. */
  readonly deaf: TestUpstream;
}

export const startLiveWorld = async (workers = 1): Promise<LiveWorld> => {
  const upstream = await startUpstream((socket) => {
    socket.on('data', (bytes: Buffer) => {
      const head = bytes.toString('latin1');
      const path = /^(?:GET|POST) (\S+)/.exec(head)?.[1] ?? '';
      SCRIPTS[path.split(/[/?]/)[1] ?? '']?.(socket, head);
    });
    socket.on('end', () => socket.destroy());
  });
  const deaf = await startHttp2Upstream(() => undefined);
  const certificate = await testCertificate();
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  const torus = await startTorus({
    config: {
      workers,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0' },
        { name: 'secure', address: '127.0.0.1:0', tls },
      ],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '1s' },
      upstreams: {
        main: { endpoints: [upstream.url] },
        deaf: { endpoints: [deaf.url], protocol: 'http2' },
      },
      routes: [
        { name: 'deaf', match: { path: '/deaf' }, upstream: 'deaf' },
        {
          ...{ name: 'told', match: { path: '/tunnel-told' }, upstream: 'main' },
          websocket: { closeOnDrain: true },
        },
        { name: 'main', match: { path: '/*' }, upstream: 'main' },
      ],
    },
  });
  return { torus, upstream, deaf };
};

export const endLiveWorld = async ({ torus, upstream, deaf }: LiveWorld): Promise<void> => {
  await torus.stop();
  await Promise.all([upstream.close(), deaf.close()]);
};

export const streamsOf = async (torus: RunningTorus, query = ''): Promise<StreamReport> =>
  (await (await torus.admin(`/streams${query}`)).json()) as StreamReport;

/** The row of the one exchange with that path, once it looks as it should. */
export const streamAt = (
  torus: RunningTorus,
  path: string,
  fits: (row: StreamRow) => boolean = () => true,
): Promise<StreamRow> =>
  until(
    async () => (await streamsOf(torus)).streams.find((row) => row.path === path && fits(row)),
    5_000,
    `an exchange for ${path} that is ${fits.toString()}`,
  );

/** Blocked on that side for at least so long. */
export const blockedOn =
  (side: 'client' | 'upstream', forMs = 200) =>
  (row: StreamRow): boolean =>
    row.blocked === side && row.blockedForMs >= forMs;
