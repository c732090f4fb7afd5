/** A gigabyte each way through a worker whose heap may hold 128 MB: memory stays flat. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import {
  requestHead,
  rssBytes,
  startTorus,
  startUpstream,
  testCertificate,
  whenNothingIsOpen,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const MIB = 2 ** 20;
const TOTAL_BYTES = 1024 * MIB;
const BLOCK = Buffer.alloc(MIB, 'x');
const SAMPLE_MS = 50;
/** Garbage between two collections included; far below what passes through. */
const GROWTH_BYTES = 64 * MIB;

type Listener = 'plain' | 'secure';

const writeAll = async (socket: Socket): Promise<void> => {
  for (let sent = 0; sent < TOTAL_BYTES; sent += BLOCK.length)
    if (!socket.write(BLOCK)) await once(socket, 'drain');
};

let torus: RunningTorus;
let upstream: TestUpstream;
let uploadedBytes = 0;

beforeAll(async () => {
  const certificate = await testCertificate();
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  upstream = await startUpstream((socket) => {
    socket.on('end', () => socket.end());
    socket.once('data', (first: Buffer) => {
      const isUpload = first.toString('latin1', 0, 4) === 'POST';
      if (isUpload) void takeUpload(socket, first);
      else {
        socket.write(
          `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${String(TOTAL_BYTES)}\r\n\r\n`,
        );
        void writeAll(socket);
      }
    });
  });
  torus = await startTorus({
    env: { NODE_OPTIONS: '--max-old-space-size=128' },
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0' },
        { name: 'secure', address: '127.0.0.1:0', tls },
      ],
      admin: { address: '127.0.0.1:0' },
      upstreams: { large: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'large' }],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

const takeUpload = async (socket: Socket, first: Buffer): Promise<void> => {
  uploadedBytes = first.length - (first.indexOf('\r\n\r\n') + 4);
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    uploadedBytes += chunk.length;
    if (uploadedBytes === TOTAL_BYTES) break;
  }
  socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
};

/** How far the worker's resident memory rose above its start while `act` ran. */
const growthDuring = async (act: () => Promise<void>): Promise<number> => {
  const [worker] = torus.workers();
  const base = rssBytes(worker!);
  let peak = base;
  const timer = setInterval(() => {
    peak = Math.max(peak, rssBytes(worker!));
  }, SAMPLE_MS);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  expect(torus.workers()).toEqual([worker]);
  return peak - base;
};

const open = async (listener: Listener): Promise<Socket> => {
  const tcp = connect({ port: torus.port(listener), host: '127.0.0.1' });
  if (listener === 'plain') return tcp;
  const socket = connectTls({ socket: tcp, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  return socket;
};

describe.each(['plain', 'secure'] as const)('with 128 MB of heap, to a %s client', (listener) => {
  it('downloads 1 GiB with flat memory', async () => {
    const growth = await growthDuring(async () => {
      const socket = await open(listener);
      socket.resume().write(requestHead('GET /', 'Connection: close'));
      await once(socket, 'close');
      expect(socket.bytesRead).toBeGreaterThan(TOTAL_BYTES);
    });
    expect(growth).toBeLessThan(GROWTH_BYTES);
    await whenNothingIsOpen(torus);
  });

  it('uploads 1 GiB with flat memory', async () => {
    const growth = await growthDuring(async () => {
      const socket = await open(listener);
      const answered = once(socket, 'data') as Promise<[Buffer]>;
      socket.write(requestHead('POST /', `Content-Length: ${String(TOTAL_BYTES)}`, 'Connection: close'));
      await writeAll(socket);
      const [answer] = await answered;
      expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
      socket.destroy();
    });
    expect(uploadedBytes).toBe(TOTAL_BYTES);
    expect(growth).toBeLessThan(GROWTH_BYTES);
    await whenNothingIsOpen(torus);
  });
});
