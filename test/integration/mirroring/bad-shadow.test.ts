/** A mirror upstream that is dead, silent, slow, broken or full changes nothing for the requests themselves. */
import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  freePort,
  makeTempDir,
  metricSum,
  startHttpUpstream,
  startTorus,
  startUpstream,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { ADMIN, ask, askMany, countOf, LISTENER } from '../balancing/balancing-fixture.js';

const shadows: Record<string, TestUpstream> = {};
let primary: TestUpstream;
let torus: RunningTorus;

const configFor = (urls: Readonly<Record<string, string>>, timeout = '300ms') => ({
  ...LISTENER,
  ...ADMIN,
  workers: 1,
  shutdown: { timeout: '5s' },
  upstreams: {
    main: { endpoints: [primary.url] },
    ...Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, { endpoints: [url] }])),
  },
  routes: Object.keys(urls).map((name) => ({
    name,
    match: { path: `/${name}` },
    upstream: 'main',
    mirror: { upstream: name, timeout, maxInFlight: 4, compare: true },
  })),
});

/** Reads what it is sent, and says nothing. */
const silent = (socket: Socket): void => {
  socket.resume().on('end', () => socket.end());
};

const answering = (socket: Socket): void => {
  socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  socket.on('end', () => socket.end());
};

beforeAll(async () => {
  primary = await startHttpUpstream(async (request, response) => {
    let bytes = 0;
    for await (const piece of request) bytes += (piece as Buffer).length;
    response.end(`main ${String(bytes)}`);
  });
  shadows['silent'] = await startUpstream(silent);
  shadows['deaf'] = await startUpstream((socket) => void socket.pause());
  shadows['resetting'] = await startUpstream((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  shadows['garbage'] = await startUpstream((socket) => {
    socket.once('data', () => socket.end('not HTTP at all\r\n\r\n'));
  });
  shadows['endless'] = await startUpstream((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const piece = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on('drain', more);
      more();
    });
  });
  shadows['trickling'] = await startHttpUpstream(async (_request, response) => {
    response.write('x');
    while (!response.destroyed) {
      await delay(50);
      response.write('x');
    }
  });
  const urls = Object.fromEntries(Object.entries(shadows).map(([name, { url }]) => [name, url]));
  torus = await startTorus({
    config: configFor({ ...urls, refused: `http://127.0.0.1:${String(await freePort())}` }),
  });
});

afterAll(async () => {
  expect(await torus.stop()).toEqual({ code: 0, signal: null });
  await Promise.all([primary, ...Object.values(shadows)].map((upstream) => upstream.close()));
});

const resultsOf = async (at: RunningTorus, route: string): Promise<Record<string, number>> => {
  const text = await (await at.admin('/metrics')).text();
  const pattern = new RegExp(
    `^torus_mirrored_requests_total\\{route="${route}".*result="([^"]+)"\\} (\\d+)$`,
    'gm',
  );
  return Object.fromEntries(
    [...text.matchAll(pattern)].map(([, result = '', count]) => [result, Number(count)]),
  );
};
const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);

describe('a mirror upstream that is', () => {
  it.each(['refused', 'resetting', 'garbage', 'silent', 'deaf', 'endless', 'trickling'])(
    '%s harms nobody: every request is answered at once, every copy is accounted for, no socket stays',
    async (name) => {
      const body = Buffer.alloc(20_000, 'x');
      const began = performance.now();
      const gets = await askMany(torus, `/${name}`, 60);
      const posts = await askMany(torus, `/${name}`, 40, () => ({ method: 'POST', body }));
      const tookMs = performance.now() - began;
      expect(countOf(gets, 'main 0')).toBe(60);
      expect(countOf(posts, 'main 20000')).toBe(40);
      // One copy that was waited for takes 300 ms: a hundred requests would take seconds.
      expect(tookMs).toBeLessThan(5000);
      await until(async () => sum(await resultsOf(torus, name)) === 100, 5000, `100 copies of ${name}`);
      const results = await resultsOf(torus, name);
      // Its head is an answer, where it comes within the 300 ms.
      if (name === 'endless') expect(results['sent'] ?? 0).toBeGreaterThan(0);
      else expect(results['sent'] ?? 0).toBe(0);
      await until(async () => (await openTo(name)) === 0, 5000, `no socket to ${name}`);
    },
  );

  const openTo = async (name: string): Promise<number> => {
    const port = shadows[name]?.port;
    if (port === undefined) return 0;
    return metricSum(torus, 'torus_sockets_open', { owner: `127.0.0.1:${String(port)}` });
  };

  it('hanging takes at most the copies it may have in flight; the others are dropped and counted', async () => {
    const held = await startUpstream(silent);
    await using at = await startTorus({ config: configFor({ held: held.url }, '1m') });
    expect(countOf(await askMany(at, '/held', 40), 'main 0')).toBe(40);
    expect(await resultsOf(at, 'held')).toEqual({ 'dropped-in-flight': 36 });
    await until(() => held.acceptedSockets === 4);
    await held.close();
    await until(async () => (await resultsOf(at, 'held'))['failed'] === 4);
  });

  it('full by its own limits is sent no more, which is counted', async () => {
    const held = await startUpstream(silent);
    const config = configFor({ held: held.url }, '1m');
    Object.assign(config.upstreams, {
      held: { endpoints: [held.url], limits: { maxRequests: 1, maxPending: 0 } },
    });
    await using at = await startTorus({ config });
    for (let index = 0; index < 5; index += 1) expect((await ask(at, '/held')).status).toBe(200);
    await until(async () => (await resultsOf(at, 'held'))['dropped-limit'] === 4);
    await until(() => held.acceptedSockets === 1);
    await held.close();
    await until(async () => (await resultsOf(at, 'held'))['failed'] === 1);
    const next = await startUpstream(answering, { port: held.port });
    await ask(at, '/held');
    await until(async () => (await resultsOf(at, 'held'))['sent'] === 1);
    await next.close();
  });

  it('hanging at one endpoint is learnt from: that endpoint is ejected, the other gets the copies', async () => {
    const held = await startUpstream(silent);
    const good = await startUpstream(answering);
    const config = configFor({ shadow: held.url }, '200ms');
    const outlierEjection = { consecutive5xx: 3, maxEjected: '50%' };
    const endpoints = [held.url, good.url];
    Object.assign(config.upstreams, { shadow: { endpoints, balancer: 'round-robin', outlierEjection } });
    await using at = await startTorus({ config });
    await until(async () => {
      expect((await ask(at, '/shadow')).status).toBe(200);
      return (await (await at.admin('/upstreams')).text()).includes('"ejected"');
    }, 10_000);
    await held.whenOpenSockets(0);
    const sent = (await resultsOf(at, 'shadow'))['sent'] ?? 0;
    for (let index = 0; index < 10; index += 1) await ask(at, '/shadow');
    await until(async () => ((await resultsOf(at, 'shadow'))['sent'] ?? 0) >= sent + 10);
    await Promise.all([held.close(), good.close()]);
  });

  it('hanging is let go of when a reload has replaced the configuration', async () => {
    const dir = makeTempDir('mirror');
    const held = await startUpstream(silent);
    writeFileSync(path.join(dir, 'torus.yaml'), JSON.stringify(configFor({ held: held.url }, '1m')));
    await using at = await startTorus({ cwd: dir });
    expect((await ask(at, '/held')).status).toBe(200);
    await until(() => held.openSockets === 1);
    at.signal('SIGHUP');
    await at.waitForLog('Configuration applied');
    await held.whenOpenSockets(0);
    expect(await resultsOf(at, 'held')).toEqual({ failed: 1 });
    await held.close();
  });

  it('hanging does not hold up the end of Torus', async () => {
    const held = await startUpstream(silent);
    const at = await startTorus({ config: configFor({ held: held.url }, '1m') });
    expect((await ask(at, '/held')).status).toBe(200);
    await until(() => held.openSockets === 1);
    const began = performance.now();
    expect(await at.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(4000);
    await held.whenOpenSockets(0);
    await held.close();
  });
});
