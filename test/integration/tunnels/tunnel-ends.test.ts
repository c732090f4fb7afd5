/** How tunnels end, and what flows until then: early bytes, half-close, vanished peers, silence, slow readers, leaks. */
import type { Socket } from 'node:net';
import {
  openFds,
  rssBytes,
  socketsOf,
  until,
  untilStill,
  within,
  type RawClient,
} from '../../support/index.js';
import {
  echoTunnel,
  openTunnel,
  startTunnelStage,
  SWITCH,
  upgradeHead,
  type TunnelStage,
} from './tunnel-fixture.js';

const MIB = 1024 * 1024;

/** Reads and drops, so that its end is seen. */
const drain = (socket: Socket): Socket => socket.resume();

/** Writes `total` bytes as fast as they are taken; tells how many were taken so far. */
const flood = (socket: Socket, total: number): { readonly taken: number } => {
  const block = Buffer.alloc(64 * 1024, 7);
  let left = total;
  const fill = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= block.length;
      if (!socket.write(block)) {
        socket.once('drain', fill);
        return;
      }
    }
  };
  fill();
  return {
    get taken() {
      return socket.bytesWritten - socket.writableLength;
    },
  };
};

/** Drops what it reads and counts it: a client that keeps megabytes would measure itself. */
const countOnly = (client: RawClient): { readonly bytes: number } => {
  let bytes = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
  return {
    get bytes() {
      return bytes;
    },
  };
};

describe('a tunnel', () => {
  let stage: TunnelStage;

  beforeAll(async () => {
    stage = await startTunnelStage();
  });

  afterAll(() => stage.stop());

  const pairs = [
    ['plain', 'plain'],
    ['plain', 'secure'],
    ['secure', 'plain'],
    ['secure', 'secure'],
  ] as const;

  describe.each(pairs)('from a %s listener to a %s upstream', (listener, upstream) => {
    const at = (name: string): string => `/${upstream}/${listener}-${name}`;

    it('passes bytes on that the client sent before the 101', async () => {
      stage.answer(at('early'), (socket, head, rest) => setTimeout(() => echoTunnel(socket, head, rest), 30));
      const client = await stage.client(listener);
      const response = await client.exchange(`${upgradeHead(at('early'))}before the 101`);
      expect(response.status).toBe(101);
      expect(String(await client.readUntil('101'))).toBe('before the 101');
      await client.close();
    });

    it('passes bytes on that came together with the 101', async () => {
      stage.answer(at('together'), (socket) => void drain(socket).write(`${SWITCH}first words`));
      const client = await openTunnel(stage, listener, at('together'));
      expect(String(await client.readUntil('words'))).toBe('first words');
      await client.close();
    });

    it('does not lose a reply that comes after the client half-closed', async () => {
      stage.answer(at('late-reply'), (socket) => {
        socket.write(SWITCH);
        drain(socket).on('end', () => setTimeout(() => socket.end('late reply'), 50));
      });
      const client = await openTunnel(stage, listener, at('late-reply'));
      client.halfClose();
      expect(String(await client.readUntil('late reply'))).toBe('late reply');
      expect(await client.ended()).toBe('fin');
      await client.close();
      const line = await stage.accessLine(at('late-reply'));
      expect(line).toMatchObject({ status: 101, cause: 'ok', responseBytes: 10 });
    });

    it('does not lose what the client says after the upstream half-closed', async () => {
      let heard = '';
      stage.answer(at('last-word'), (socket) => {
        socket.end(SWITCH);
        socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
      });
      const client = await openTunnel(stage, listener, at('last-word'));
      expect(await client.ended()).toBe('fin');
      await client.send('last word');
      client.halfClose();
      const line = await stage.accessLine(at('last-word'));
      expect(heard).toBe('last word');
      expect(line).toMatchObject({ status: 101, cause: 'ok', requestBytes: 9 });
      await client.close();
    });

    it('closes the upstream at once when the client vanishes', async () => {
      // Probe 17; http-party/node-http-proxy#1510, #559: descriptors stayed.
      stage.answer(at('client-gone'), echoTunnel);
      const client = await openTunnel(stage, listener, at('client-gone'));
      const { openSockets } = stage[upstream];
      client.reset();
      await stage[upstream].whenOpenSockets(openSockets - 1, 1_000);
      expect(await stage.accessLine(at('client-gone'))).toMatchObject({
        status: 101,
        cause: 'downstream.tunnel.aborted',
      });
    });

    it('asks idle peers on both sides whether they are still there', async () => {
      // http-party/node-http-proxy#559: a client that vanishes from the network sends neither FIN nor reset.
      let upstreamPort: number | undefined;
      stage.answer(at('keep-alive'), (socket, head, rest) => {
        upstreamPort = socket.remotePort;
        echoTunnel(socket, head, rest);
      });
      const client = await openTunnel(stage, listener, at('keep-alive'));
      const ends = await until(() => upstreamPort && [client.socket.localPort, upstreamPort]);
      // Beside it a retransmission timer may run for a moment, and hides it.
      await until(() => {
        const kept = socketsOf(stage.torus.workers()[0]!).filter(({ keepAlive }) => keepAlive);
        const ports = kept.flatMap(({ localPort, remotePort }) => [localPort, remotePort]);
        return ends.every((port) => ports.includes(port!));
      });
      await client.close();
    });

    it('closes the client within 2 s when the upstream vanishes', async () => {
      // Probe 18; http-party/node-http-proxy#1468, #1439: an ECONNRESET ended the process.
      let upstreamSocket: Socket | undefined;
      stage.answer(at('upstream-gone'), (socket) => {
        upstreamSocket = socket;
        drain(socket).write(SWITCH);
      });
      const client = await openTunnel(stage, listener, at('upstream-gone'));
      await until(() => upstreamSocket);
      stage[upstream].resetAll();
      await client.ended(2_000);
      await client.close();
      expect(await stage.accessLine(at('upstream-gone'))).toMatchObject({
        status: 101,
        cause: 'upstream.tunnel.reset',
      });
    });
  });

  it('that is idle is cut after the idle timeout of its route, with its cause', async () => {
    stage.answer('/idle/silent', echoTunnel);
    const client = await openTunnel(stage, 'plain', '/idle/silent');
    const start = performance.now();
    await client.ended(3_000);
    expect(performance.now() - start).toBeGreaterThan(350);
    expect(await stage.accessLine('/idle/silent')).toMatchObject({
      status: 101,
      cause: 'upstream.tunnel.timeout',
      detail: 'idle',
    });
    await client.close();
  });

  it('that speaks now and then is not cut by the idle timeout', async () => {
    stage.answer('/idle/talking', (socket) => {
      socket.write(SWITCH);
      // An echo that takes its time.
      socket.on('data', (chunk: Buffer) => setTimeout(() => socket.write(chunk), 100));
      socket.on('end', () => socket.end());
    });
    const client = await openTunnel(stage, 'plain', '/idle/talking');
    const start = performance.now();
    for (let word = 0; performance.now() - start < 1_000; word += 1) {
      await client.send(`${String(word)};`);
      await client.readUntil(`${String(word)};`);
    }
    await client.close();
    expect(await stage.accessLine('/idle/talking')).toMatchObject({ status: 101 });
  });

  it('that is half-closed may go on while bytes flow, and is cut when they stop', async () => {
    let upstream: Socket | undefined;
    stage.answer('/idle/half-closed', (socket) => {
      upstream = socket;
      socket.write(SWITCH);
      let words = 0;
      drain(socket.removeAllListeners('end')).on('end', () => {
        const timer = setInterval(() => {
          socket.write('more;');
          words += 1;
          if (words === 8) clearInterval(timer);
        }, 100);
      });
    });
    const client = await openTunnel(stage, 'plain', '/idle/half-closed');
    client.halfClose();
    await client.readUntil('more;'.repeat(8));
    await client.ended(3_000);
    expect(await stage.accessLine('/idle/half-closed')).toMatchObject({
      cause: 'upstream.tunnel.timeout',
      detail: 'half-closed',
      responseBytes: 40,
    });
    await client.close();
    // It had its FIN long ago, and says nothing that could tell it the tunnel is gone.
    upstream?.destroy();
  });

  it('counts its bytes each way in the access log, without the heads', async () => {
    stage.answer('/plain/count', (socket) => {
      socket.write(`${SWITCH}12345`);
      drain(socket).on('end', () => socket.end('67'));
    });
    const client = await openTunnel(stage, 'plain', '/plain/count');
    await client.readUntil('12345');
    await client.send('abc');
    client.halfClose();
    await client.readUntil('67');
    await client.close();
    const line = await stage.accessLine('/plain/count');
    expect(line).toMatchObject({ requestBytes: 3, responseBytes: 7, cause: 'ok', attempts: 1 });
    expect(line['durationMs']).toBeGreaterThan(0);
  });

  it.each(['plain', 'secure'] as const)(
    'to a slow %s reader holds the upstream back, and delivers everything in the end',
    async (listener) => {
      const path = `/plain/slow-${listener}`;
      const total = 48 * MIB;
      let flow: { readonly taken: number } | undefined;
      stage.answer(path, (socket) => {
        drain(socket).write(SWITCH);
        flow = flood(socket, total);
      });
      const client = await stage.client(listener);
      await client.send(upgradeHead(path));
      await client.readUntil('\r\n\r\n');
      const count = countOnly(client);
      const before = client.unread.length;
      client.pause();
      const [worker] = stage.torus.workers();
      const rss = rssBytes(worker!);
      const taken = await untilStill(() => flow?.taken ?? 0, 300, 15_000);
      // What the client had before it paused is on nobody's way any more.
      expect(taken - count.bytes - before).toBeLessThan(total / 2);
      expect(rssBytes(worker!) - rss).toBeLessThan(24 * MIB);
      client.resume();
      await until(() => count.bytes + before >= total, 15_000, 'all of it');
      expect(count.bytes + before).toBe(total);
      await client.close();
    },
  );

  it('from a fast client to a slow upstream holds the client back', async () => {
    let upstream: Socket | undefined;
    let received = 0;
    stage.answer('/plain/slow-upstream', (socket, _head, rest) => {
      socket.write(SWITCH);
      socket.on('data', (chunk: Buffer) => (received += chunk.length)).pause();
      received = rest.length;
      upstream = socket;
    });
    const client = await openTunnel(stage, 'plain', '/plain/slow-upstream');
    await until(() => upstream);
    const before = client.socket.bytesWritten;
    const [worker] = stage.torus.workers();
    const rss = rssBytes(worker!);
    const flow = flood(client.socket, 48 * MIB);
    expect((await untilStill(() => flow.taken, 300, 15_000)) - before).toBeLessThan(24 * MIB);
    expect(rssBytes(worker!) - rss).toBeLessThan(24 * MIB);
    upstream?.resume();
    await until(() => received === 48 * MIB, 15_000, 'all of it upstream');
    await client.close();
  });

  it('that ends leaves no socket: many are opened and dropped in every way', async () => {
    // PITFALLS section 3, items 1, 13, 17 and 19: sockets and memory leaked one tunnel at a time.
    stage.answer('/plain/many', echoTunnel);
    stage.answer('/secure/many', echoTunnel);
    const [worker] = stage.torus.workers();
    await Promise.all([stage.plain.whenOpenSockets(0), stage.secure.whenOpenSockets(0)]);
    await until(async () => (await openSockets(stage)) === 0, 5_000, 'the ledger to be empty before');
    const base = openFds(worker!);
    for (let round = 0; round < 5; round += 1) {
      const clients = await Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          openTunnel(stage, index % 2 ? 'plain' : 'secure', index % 3 ? '/plain/many' : '/secure/many'),
        ),
      );
      if (round === 4) {
        stage.plain.resetAll();
        stage.secure.resetAll();
      }
      await Promise.all(clients.map((client, index) => dropOneWay(client, index % 4)));
    }
    await Promise.all([stage.plain.whenOpenSockets(0), stage.secure.whenOpenSockets(0)]);
    await until(async () => (await openSockets(stage)) === 0, 5_000, 'the ledger to be empty again');
    expect(openFds(worker!)).toBe(base);
    expect(stage.torus.workers()).toEqual([worker]);
  });
});

const dropOneWay = async (client: RawClient, way: number): Promise<void> => {
  if (way === 0) client.reset();
  else if (way === 1) client.halfClose();
  else if (way === 2) void client.send(Buffer.alloc(200_000)).then(() => client.reset());
  await within(way === 1 ? client.ended() : Promise.resolve('fin'), 5_000, 'the end');
  await client.close();
};

/** What the ledger says is open, on both sides. */
const openSockets = async ({ torus }: TunnelStage): Promise<number> => {
  const text = await (await torus.admin('/metrics')).text();
  const lines = text.split('\n').filter((line) => line.startsWith('torus_sockets_open{'));
  return lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
};
