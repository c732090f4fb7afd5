/** Workers that die, hang or lose their primary: what they held is lost, nothing else is. */
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import {
  isAlive,
  makeTempDir,
  rawClient,
  requestHead,
  socketsOf,
  startHttpUpstream,
  startTorus,
  until,
  within,
  type LogLine,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { isAnswered, startLoad } from '../../support/steady-load.js';

describe('a worker that', () => {
  const held: ServerResponse[] = [];
  let upstream: TestUpstream;
  let torus: RunningTorus;

  const config = (workers: number, supervisor: object = {}): object => ({
    workers,
    listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
    admin: { address: '127.0.0.1:0' },
    log: { access: false },
    shutdown: { timeout: '2s' },
    supervisor: { backoffMin: '20ms', backoffMax: '160ms', ...supervisor },
    upstreams: { main: { endpoints: [upstream.url] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
  });

  beforeAll(async () => {
    upstream = await startHttpUpstream((request, response) => {
      if (request.url === '/held') held.push(response);
      else response.end('ok');
    });
  });

  afterEach(async () => {
    held.length = 0;
    await torus.stop();
  });

  afterAll(() => upstream.close());

  const crashLines = (): LogLine[] => torus.logs().filter(({ msg }) => msg.includes('Forking a replacement'));

  const readyPids = (): number[] =>
    torus.logs().flatMap(({ msg }) => {
      const pid = /^Worker (\d+) listening/.exec(msg)?.[1];
      return pid !== undefined && isAlive(Number(pid)) ? [Number(pid)] : [];
    });

  const allReady = (count: number): Promise<number[]> =>
    until(
      () => {
        const pids = readyPids();
        return pids.length === count && pids;
      },
      10_000,
      `${String(count)} ready workers`,
    );

  const replacementFor = (dead: number): Promise<unknown> =>
    until(() => readyPids().some((pid) => pid > dead), 10_000, 'a replacement');

  const answer = async (): Promise<string> => {
    const client = await rawClient({ port: torus.port() });
    const response = await client.exchange(requestHead('GET /'));
    await client.close();
    return response.text();
  };

  const portOf = (client: RawClient): number => (client.socket.address() as AddressInfo).port;

  it('is killed under load loses only what it held, and no connection is refused meanwhile', async () => {
    torus = await startTorus({ config: config(2) });
    const pids = await allReady(2);
    const clients: RawClient[] = [];
    const clientsOf = (pid: number): RawClient[] => {
      const ports = new Set(socketsOf(pid).map(({ remotePort }) => remotePort));
      return clients.filter((client) => ports.has(portOf(client)));
    };
    // The kernel decides which worker takes a connection.
    while (clients.length < 200 && (clients.length < 20 || pids.some((pid) => clientsOf(pid).length === 0))) {
      const client = await rawClient({ port: torus.port() });
      clients.push(client);
      await client.send(requestHead('GET /held'));
      await until(() => held.length === clients.length);
    }
    const [victim, survivor] = pids.sort((a, b) => clientsOf(a).length - clientsOf(b).length);
    const lost = clientsOf(victim!);
    const kept = clientsOf(survivor!);
    expect(lost.length + kept.length).toBe(clients.length);
    expect(kept.length).toBeGreaterThan(0);
    const load = startLoad({ port: torus.port(), clients: 4 });
    await until(() => load.outcomes.length > 20);
    process.kill(victim!, 'SIGKILL');
    await replacementFor(Math.max(...pids));
    const before = load.outcomes.length;
    await until(() => load.outcomes.length > before + 20);
    for (const response of held) response.end('kept');
    for (const client of kept)
      expect(await client.response()).toMatchObject({ status: 200, end: 'complete' });
    for (const client of lost) expect(await client.response()).toMatchObject({ status: 0 });
    const outcomes = await load.stop();
    expect(outcomes.filter(({ connected }) => !connected)).toEqual([]);
    // At most the one request of each client that the victim had in hand.
    expect(outcomes.filter((outcome) => !isAnswered(outcome)).length).toBeLessThanOrEqual(4);
    expect(crashLines()).toHaveLength(1);
    await Promise.all(clients.map((client) => client.close()));
  });

  it('crashes again and again is replaced later each time, on the same port, and serves in the end', async () => {
    torus = await startTorus({ config: config(1) });
    const port = torus.port();
    let dead = 0;
    for (let round = 0; round < 5; round += 1) {
      const [pid] = await allReady(1);
      dead = pid!;
      process.kill(dead, 'SIGKILL');
      await until(() => crashLines().length === round + 1);
    }
    const delays = crashLines().map((line) => Number(line['delayMs']));
    expect(delays[0]).toBe(0);
    [20, 40, 80, 160].forEach((longest, index) => {
      expect(delays[index + 1]).toBeGreaterThanOrEqual(longest / 2);
      expect(delays[index + 1]).toBeLessThanOrEqual(longest);
    });
    await replacementFor(dead);
    expect(await answer()).toBe('ok');
    expect(
      torus
        .logs()
        .filter((line) => line.msg === 'Listener bound')
        .map((line) => line['port']),
    ).toEqual(Array(6).fill(port));
  });

  it('stops answering the heartbeat is killed and replaced', async () => {
    torus = await startTorus({ config: config(1, { heartbeatTimeout: '600ms' }) });
    const [pid] = await allReady(1);
    process.kill(pid!, 'SIGSTOP');
    const line = await torus.waitForLog(`Killing worker ${String(pid)}`);
    expect(line['reason']).toBe('worker 1 answered no heartbeat for 600 ms');
    await replacementFor(pid!);
    expect(await answer()).toBe('ok');
    expect(isAlive(pid!)).toBe(false);
    const times = torus.logs().filter((line) => line.msg.endsWith(' is ready'));
    expect(times).toEqual([
      expect.objectContaining({ worker: 1, startMs: expect.any(Number) as number }),
      expect.objectContaining({ worker: 1, sinceCrashMs: expect.any(Number) as number }),
    ]);
  });

  it('meets an uncaught exception or an unhandled rejection says so, dies and is replaced', async () => {
    const bomb = path.join(makeTempDir('bomb'), 'bomb.cjs');
    writeFileSync(
      bomb,
      `process.on('SIGUSR2', () => { throw new Error('planted exception'); });
       process.on('SIGWINCH', () => { void Promise.reject(new Error('planted rejection')); });`,
    );
    torus = await startTorus({ config: config(1), nodeArgs: ['--require', bomb] });
    for (const [signal, what, message] of [
      ['SIGUSR2', 'Uncaught exception', 'planted exception'],
      ['SIGWINCH', 'Unhandled rejection', 'planted rejection'],
    ] as const) {
      const [pid] = await allReady(1);
      process.kill(pid!, signal);
      const line = await torus.waitForLog(what);
      expect(line).toMatchObject({ level: 'fatal', pid, err: { message } });
      await replacementFor(pid!);
    }
    expect(await answer()).toBe('ok');
  });

  it('loses its primary finishes what runs, and leaves', async () => {
    torus = await startTorus({ config: config(2) });
    const pids = await allReady(2);
    const client = await rawClient({ port: torus.port() });
    await client.send(requestHead('GET /held'));
    await until(() => held.length === 1);
    torus.signal('SIGKILL');
    await until(() => pids.filter((pid) => isAlive(pid)).length === 1, 5_000, 'the idle worker to leave');
    held[0]!.end('finished');
    const response = await client.response();
    expect([response.text(), response.end, response.field('connection')]).toEqual([
      'finished',
      'complete',
      'close',
    ]);
    // Resolves when nobody holds its output any more.
    expect(await within(torus.exit, 5_000, 'every process to be gone')).toEqual({
      code: null,
      signal: 'SIGKILL',
    });
    await until(() => !pids.some((pid) => isAlive(pid)), 5_000, 'every process to be reaped');
    await client.close();
  });
});
