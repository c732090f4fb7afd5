/** SIGTERM while requests run: what can finish does, what cannot is cut at the deadline and named. */
import type { ServerResponse } from 'node:http';
import {
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  startUpstream,
  SWITCH,
  until,
  within,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

/** An upstream whose answers wait until the test lets them go; `/now` answers at once. */
const startGate = async () => {
  const held: ServerResponse[] = [];
  const upstream = await startHttpUpstream((request, response) => {
    request.resume();
    if (request.url === '/now') response.end('now');
    else held.push(response);
  });
  const release = (): void => {
    for (const response of held.splice(0)) response.end('finished');
  };
  return { upstream, held, release };
};

const configFor = (upstream: TestUpstream, extra: object = {}): object => ({
  listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0' },
  log: { access: false },
  upstreams: { gate: { endpoints: [upstream.url] } },
  routes: [{ name: 'everything', match: { path: '/*' }, upstream: 'gate', upgrades: ['websocket'] }],
  ...extra,
});

const linesWith = (torus: RunningTorus, msg: string) => torus.logs().filter((line) => line.msg === msg);

/** With every worker ready: `/readyz` is content with one. */
const startAll = async (config: object, workers = 2): Promise<RunningTorus> => {
  const torus = await startTorus({ config: { ...config, workers } });
  const ready = (): boolean =>
    torus.logs().filter(({ msg }) => msg.includes(' listening for ')).length === workers;
  await until(ready, 10_000, 'every worker to be ready');
  return torus;
};

const drainingWorkers = (torus: RunningTorus, count: number): Promise<unknown> =>
  until(() => linesWith(torus, 'Draining').length === count, 5_000, `${String(count)} workers to drain`);

const isRefused = async (port: number): Promise<boolean> => {
  const client = await rawClient({ port }).catch(() => undefined);
  await client?.close();
  return client === undefined;
};

describe('a shutdown under load', () => {
  it('lets every running response finish, refuses new connections after the delay, and exits with 0', async () => {
    const { upstream, held, release } = await startGate();
    const torus = await startAll(configFor(upstream, { shutdown: { delay: '600ms', timeout: '10s' } }));
    const clients = await Promise.all(Array.from({ length: 24 }, () => rawClient({ port: torus.port() })));
    for (const client of clients) expect((await client.exchange(requestHead('GET /now'))).status).toBe(200);
    for (const client of clients) await client.send(requestHead('GET /slow'));
    await until(() => held.length === clients.length);
    const late = await rawClient({ port: torus.port() });
    torus.signal('SIGTERM');
    await drainingWorkers(torus, 2);
    const readiness = await torus.admin('/readyz');
    expect([readiness.status, await readiness.text()]).toEqual([503, 'draining\n']);
    const fresh = await rawClient({ port: torus.port() });
    for (const client of [late, fresh]) {
      const response = await client.exchange(requestHead('GET /now'));
      expect([response.status, response.field('connection'), response.end]).toEqual([
        200,
        'close',
        'complete',
      ]);
    }
    await until(() => isRefused(torus.port()), 5_000, 'new connections to be refused');
    release();
    const responses = await Promise.all(clients.map((client) => client.response()));
    expect(
      responses.map((response) => [response.text(), response.end, response.field('connection')]),
    ).toEqual(clients.map(() => ['finished', 'complete', 'close']));
    expect(await within(torus.exit, 5_000, 'torus to exit')).toEqual({ code: 0, signal: null });
    const [summary] = linesWith(torus, 'Drain summary');
    expect(summary).toMatchObject({ clean: clients.length + 2, cut: 0 });
    expect(linesWith(torus, 'Drain report')).toHaveLength(2);
    await Promise.all([...clients, late, fresh].map((client) => client.close()));
    await torus.stop();
    await upstream.close();
  });

  it('answers the first request of a client that had only just connected', async () => {
    const { upstream } = await startGate();
    const torus = await startAll(configFor(upstream, { shutdown: { timeout: '60s' } }));
    const client = await rawClient({ port: torus.port() });
    torus.signal('SIGTERM');
    await torus.waitForLog('Draining');
    const response = await client.exchange(requestHead('GET /now'));
    expect([response.status, response.field('connection')]).toEqual([200, 'close']);
    await within(torus.exit, 5_000, 'torus to exit');
    await Promise.all([client.close(), torus.stop()]);
    await upstream.close();
  });

  it('ends at once when its clients are only idle', async () => {
    const { upstream } = await startGate();
    const torus = await startAll(configFor(upstream, { shutdown: { timeout: '60s' } }));
    const idle = await rawClient({ port: torus.port() });
    await idle.exchange(requestHead('GET /now'));
    const silent = await rawClient({ port: torus.port() });
    torus.signal('SIGTERM');
    expect(await within(torus.exit, 5_000, 'torus to exit')).toEqual({ code: 0, signal: null });
    expect(await Promise.all([idle.ended(), silent.ended()])).toEqual(['fin', 'fin']);
    await Promise.all([idle.close(), silent.close(), torus.stop()]);
    await upstream.close();
  });
});

describe('what cannot finish before the deadline', () => {
  const openTunnel = async (torus: RunningTorus): Promise<RawClient> => {
    const tunnel = await rawClient({ port: torus.port() });
    await tunnel.send(requestHead('GET /socket', 'Connection: Upgrade', 'Upgrade: websocket'));
    await tunnel.readUntil('\r\n\r\n');
    return tunnel;
  };

  it('is cut and named: a client that trickles its body, and an open WebSocket', async () => {
    const upstream = await startUpstream((socket) => {
      socket.once('data', (head) => {
        if (!head.includes('websocket')) return;
        socket.write(SWITCH);
        socket.on('data', (chunk) => socket.write(chunk));
      });
      socket.on('end', () => socket.end());
    });
    const torus = await startAll(configFor(upstream, { shutdown: { timeout: '1500ms' } }), 1);
    const tunnel = await openTunnel(torus);
    await tunnel.send('before the end');
    await tunnel.readUntil('before the end');
    const trickler = await rawClient({ port: torus.port() });
    await trickler.send(requestHead('POST /upload', 'Content-Length: 1000'));
    await trickler.send('x');
    const trickle = setInterval(() => void trickler.send('x'), 1_000);
    torus.signal('SIGTERM');
    await drainingWorkers(torus, 1);
    // Until the deadline the tunnel goes on.
    await tunnel.send('still open');
    await tunnel.readUntil('still open');
    await Promise.all([tunnel.ended(), trickler.ended()]);
    clearInterval(trickle);
    expect(await within(torus.exit, 5_000, 'torus to exit')).toEqual({ code: 0, signal: null });
    const [report] = linesWith(torus, 'Drain report');
    expect(report).toMatchObject({ clean: 0, cut: 2 });
    const common = { route: 'everything', client: '127.0.0.1', ageMs: expect.any(Number) as number };
    expect(report!['exchanges']).toEqual([
      expect.objectContaining({ ...common, phase: 'tunnel', requestBytes: 24, responseBytes: 24 }),
      expect.objectContaining({ ...common, phase: 'request', responseBytes: 0 }),
    ]);
    expect(torus.logs().some(({ msg }) => /^Worker \d+ was forced to stop$/.test(msg))).toBe(true);
    expect(torus.logs().find(({ msg }) => msg.includes('exited cleanly'))).toMatchObject({ code: 1 });
    await upstream.whenOpenSockets(0);
    await Promise.all([tunnel.close(), trickler.close(), torus.stop()]);
    await upstream.close();
  });
});

describe('requests to stop', () => {
  it('force at once when a second one comes', async () => {
    const { upstream, held } = await startGate();
    const torus = await startAll(configFor(upstream, { shutdown: { timeout: '60s' } }), 1);
    const client = await rawClient({ port: torus.port() });
    await client.send(requestHead('GET /slow'));
    await until(() => held.length === 1);
    torus.signal('SIGTERM');
    await drainingWorkers(torus, 1);
    torus.signal('SIGTERM');
    expect(await within(torus.exit, 5_000, 'torus to exit')).toEqual({ code: 1, signal: null });
    await client.ended();
    await Promise.all([client.close(), torus.stop()]);
    await upstream.close();
  });

  it('may be SIGINT to the whole process group, as a terminal sends it', async () => {
    const { upstream, held, release } = await startGate();
    const torus = await startAll(configFor(upstream));
    const client = await rawClient({ port: torus.port() });
    await client.send(requestHead('GET /slow'));
    await until(() => held.length === 1);
    process.kill(-torus.pid, 'SIGINT');
    await drainingWorkers(torus, 2);
    release();
    expect((await client.response()).end).toBe('complete');
    expect(await within(torus.exit, 5_000, 'torus to exit')).toEqual({ code: 0, signal: null });
    await Promise.all([client.close(), torus.stop()]);
    await upstream.close();
  });

  it('may come while the workers are still starting', async () => {
    const { upstream } = await startGate();
    const torus = await startTorus({ config: configFor(upstream), waitUntilReady: false });
    await until(() => torus.workers().length > 0, 10_000, 'the first fork');
    torus.requestShutdown();
    expect(await within(torus.exit, 10_000, 'torus to exit')).toEqual({ code: 0, signal: null });
    expect(torus.logs().some(({ msg }) => msg.includes('crashed'))).toBe(false);
    await torus.stop();
    await upstream.close();
  });
});
