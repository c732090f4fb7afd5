/** A slow reader behind a fast sender, in both directions: bounded memory while it stalls, and every byte after. */
import { createHash, type Hash } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  rawClient,
  requestHead,
  rssBytes,
  startTorus,
  startUpstream,
  testCertificate,
  until,
  untilStill,
  whenNothingIsOpen,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const MIB = 2 ** 20;
const TOTAL_MIB = 200;
const TOTAL_BYTES = TOTAL_MIB * MIB;
/** What two pairs of kernel buffers may take at most (4 MiB to send and 6 MiB to receive each, by default), and some air. */
const KERNEL_BYTES = 40 * MIB;
const GROWTH_BYTES = 8 * MIB;

const BLOCK = Buffer.alloc(MIB, 'every block differs in its first bytes ');

/** Writes 200 MiB as fast as the socket takes them, and hashes them. */
class Sender {
  readonly hash: Hash = createHash('sha1');
  taken = 0;

  constructor(socket: Socket) {
    void this.run(socket);
  }

  private async run(socket: Socket): Promise<void> {
    for (let index = 0; index < TOTAL_MIB; index += 1) {
      const block = Buffer.from(BLOCK);
      block.writeUInt32BE(index);
      this.hash.update(block);
      const failed = await new Promise<unknown>((resolve) => socket.write(block, resolve));
      if (failed) return;
      this.taken += block.length;
    }
  }
}

/** Hashes what comes after the head. */
class Receiver {
  readonly hash: Hash = createHash('sha1');
  bytes = 0;
  private head = '';

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.take(chunk));
  }

  private take(chunk: Buffer): void {
    if (this.head.endsWith('\r\n\r\n')) {
      this.add(chunk);
      return;
    }
    const text = this.head + chunk.toString('latin1');
    const end = text.indexOf('\r\n\r\n') + 4;
    const skipped = end < 4 ? chunk.length : end - this.head.length;
    this.head = end < 4 ? text : text.slice(0, end);
    this.add(chunk.subarray(skipped));
  }

  private add(chunk: Buffer): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
  }
}

let torus: RunningTorus;
let plain: TestUpstream;
let secure: TestUpstream;
let accepted: Socket | undefined;

beforeAll(async () => {
  const certificate = await testCertificate();
  const keep = (socket: Socket): void => {
    accepted = socket;
    socket.on('end', () => socket.end());
  };
  plain = await startUpstream(keep);
  secure = await startUpstream(keep, { tls: certificate });
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'plain', address: '127.0.0.1:0' },
        { name: 'secure', address: '127.0.0.1:0', tls },
      ],
      admin: { address: '127.0.0.1:0' },
      upstreams: {
        plain: { endpoints: [plain.url] },
        secure: { endpoints: [secure.url], tls: { ca: certificate.caFile } },
      },
      routes: [
        { name: 'plain', match: { path: '/plain' }, upstream: 'plain' },
        { name: 'secure', match: { path: '/secure' }, upstream: 'secure' },
      ],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await Promise.all([plain.close(), secure.close()]);
});

const upstreamSocket = async (): Promise<Socket> => {
  const socket = await until(() => accepted);
  accepted = undefined;
  return socket;
};

/** The sender comes to a halt; meanwhile the worker grew by no more than its own few buffers. */
const expectBounded = async (sender: Sender, baseBytes: number): Promise<void> => {
  const [worker] = torus.workers();
  expect(await untilStill(() => sender.taken)).toBeLessThan(KERNEL_BYTES);
  expect(rssBytes(worker!) - baseBytes).toBeLessThan(GROWTH_BYTES);
};

const expectIntact = async (sender: Sender, receiver: Receiver): Promise<void> => {
  await until(() => receiver.bytes === TOTAL_BYTES, 20_000, 'all bytes to arrive');
  expect(receiver.hash.digest('hex')).toBe(sender.hash.digest('hex'));
};

/** The worker at rest, after what it compiles and caches on first use. */
const settled = async (listener: string): Promise<number> => {
  await download(listener, 1);
  return rssBytes(torus.workers()[0]!);
};

const download = async (listener: string, mib: number): Promise<void> => {
  const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
  await client.send(requestHead(`GET /${listener}`));
  const socket = await upstreamSocket();
  socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${String(mib * MIB)}\r\n\r\n`);
  for (let index = 0; index < mib; index += 1) socket.write(BLOCK);
  expect((await client.response()).body).toHaveLength(mib * MIB);
  await client.close();
};

describe.each(['plain', 'secure'] as const)('200 MiB, %s on both sides', (listener) => {
  it('a client that does not read stops a fast upstream; memory stays, and then all of it arrives', async () => {
    const baseBytes = await settled(listener);
    const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
    client.socket.removeAllListeners('data').pause();
    await client.send(requestHead(`GET /${listener}`));
    const socket = await upstreamSocket();
    socket.resume();
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(TOTAL_BYTES)}\r\n\r\n`);
    const sender = new Sender(socket);
    await expectBounded(sender, baseBytes);
    const receiver = new Receiver(client.socket);
    client.resume();
    await expectIntact(sender, receiver);
    await client.close();
    socket.destroy();
    await whenNothingIsOpen(torus);
  });

  it('an upstream that does not read stops a fast client; memory stays, and then all of it arrives', async () => {
    const baseBytes = await settled(listener);
    const client = await rawClient({ port: torus.port(listener), tls: listener === 'secure' });
    await client.send(requestHead(`POST /${listener}`, `Content-Length: ${String(TOTAL_BYTES)}`));
    const socket = await upstreamSocket();
    socket.pause();
    const sender = new Sender(client.socket);
    await expectBounded(sender, baseBytes);
    const receiver = new Receiver(socket);
    socket.resume();
    await expectIntact(sender, receiver);
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    expect((await client.response()).text()).toBe('ok');
    await client.close();
    await whenNothingIsOpen(torus);
  });
});
