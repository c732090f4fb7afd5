/** A reload that changes listeners replaces the workers one by one: nobody is refused, and nothing that runs is cut. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import {
  isAlive,
  metricSum,
  rawClient,
  requestHead,
  until,
  within,
  type TestUpstream,
} from '../../support/index.js';
import { freePort } from '../../support/free-port.js';
import { isAnswered, startLoad } from '../../support/steady-load.js';
import {
  askOnce,
  held,
  sendStrangers,
  startRolling,
  startUpstreams,
  UPGRADE,
  type Rolling,
} from './rolling-fixture.js';

const APPLIED = 'Configuration applied';

let upstreams: { readonly plain: TestUpstream; readonly echo: TestUpstream };
let rolling: Rolling;

beforeAll(async () => {
  upstreams = await startUpstreams();
});
afterAll(() => Promise.all([upstreams.plain.close(), upstreams.echo.close()]));
afterEach(() => rolling.stop());

const edge = (port: number, more: object = {}): object => ({
  name: 'edge',
  address: `127.0.0.1:${String(port)}`,
  ...more,
});

describe('a reload that changes listeners', () => {
  it('adds one and takes it away again, refusing nobody at the others and cutting nothing', async () => {
    const port = await freePort();
    rolling = await startRolling(upstreams);
    const { torus } = rolling;
    const before = rolling.readyPids();
    const kept = startLoad({ port: torus.port(), clients: 6 });
    const strangers = sendStrangers(torus.port(), 3);
    const plain = { name: 'plain', address: '127.0.0.1:0' };
    expect(await rolling.reload({ listeners: [plain, edge(port)] })).toBe(APPLIED);
    expect(await askOnce(port)).toBe('ok');
    const after = rolling.readyPids();
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(await rolling.reload({ listeners: [plain] })).toBe(APPLIED);
    await until(async () => (await askOnce(port)) === 'ECONNREFUSED');
    const asked = strangers.asked;
    await until(() => strangers.asked > asked + 20);
    expect(await strangers.stop()).toEqual([]);
    const outcomes = await kept.stop();
    expect(outcomes.length).toBeGreaterThan(50);
    expect(outcomes.filter((outcome) => !isAnswered(outcome))).toEqual([]);
    await until(() => torus.workers().length === 2, 10_000, 'the workers before to be gone');
    expect(await metricSum(torus, 'torus_worker_replacements_total', { reason: 'config' })).toBe(4);
    expect(await metricSum(torus, 'torus_config_version')).toBe(3);
  });

  it('changes limits of a listener at its address, for everyone who connects once it is applied', async () => {
    const port = await freePort();
    rolling = await startRolling(upstreams, { listeners: [edge(port)] });
    const strangers = sendStrangers(port, 3);
    const outcome = await rolling.reload({ listeners: [edge(port, { limits: { headerCount: 20 } })] });
    expect(outcome).toBe(APPLIED);
    const fields = Array.from({ length: 30 }, (_, index) => `X-${String(index)}: 1`);
    const ask = async (): Promise<number> => {
      const client = await rawClient({ port });
      const { status } = await client.exchange(requestHead('GET /', ...fields));
      await client.close();
      return status;
    };
    const statuses = await Promise.all(Array.from({ length: 30 }, ask));
    expect(statuses.filter((status) => status !== 431)).toEqual([]);
    expect(await strangers.stop()).toEqual([]);
  });

  it('is rejected as a whole when an address cannot be bound: routes and workers stay as they are', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await until(() => holder.listening);
    const { port: taken } = holder.address() as AddressInfo;
    rolling = await startRolling(upstreams);
    const { torus } = rolling;
    const pids = rolling.readyPids();
    const strangers = sendStrangers(torus.port(), 2);
    const redirect = { redirect: { status: 302, location: '/elsewhere' } };
    const outcome = await rolling.reload({
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }, edge(taken)],
      routes: [{ name: 'all', match: { path: '/*' }, filters: [redirect] }],
    });
    expect(outcome).toBe('The workers cannot serve the new configuration. The old one stays');
    const { reason } = await torus.waitForLog(outcome);
    expect(reason).toBe(`Listener edge cannot bind 127.0.0.1:${String(taken)}: address already in use`);
    expect(await askOnce(torus.port())).toBe('ok');
    expect(await strangers.stop()).toEqual([]);
    expect(rolling.readyPids()).toEqual(pids);
    expect(await metricSum(torus, 'torus_config_version')).toBe(1);
    expect(await metricSum(torus, 'torus_config_reloads_total', { result: 'rejected' })).toBe(1);
    expect(await metricSum(torus, 'torus_worker_replacements_failed_total')).toBe(1);
    await new Promise((resolve) => holder.close(resolve));
  });

  it('keeps open WebSockets, idle connections and running requests until they end by themselves', async () => {
    const port = await freePort();
    rolling = await startRolling(upstreams, { listeners: [edge(port)] });
    const { torus } = rolling;
    const before = rolling.readyPids();
    const socket = await rawClient({ port });
    await socket.send(UPGRADE);
    await socket.readUntil('\r\n\r\n');
    const idle = await rawClient({ port });
    expect((await idle.exchange(requestHead('GET /'))).text()).toBe('ok');
    const slow = await rawClient({ port });
    await slow.send(requestHead('GET /slow'));
    await rolling.reload({ listeners: [edge(port, { timeouts: { keepAlive: '60s' } })] });
    expect((await slow.response()).text()).toBe('ok');
    await socket.send('still here');
    expect((await socket.readBytes(10)).toString()).toBe('still here');
    const last = await idle.exchange(requestHead('GET /'));
    expect([last.text(), last.field('connection')]).toEqual(['ok', 'close']);
    const stays = before.filter((pid) => isAlive(pid));
    expect(stays.length).toBeGreaterThan(0);
    expect(await metricSum(torus, 'torus_workers', { phase: 'draining' })).toBeGreaterThan(0);
    await Promise.all([socket.close(), slow.close(), idle.close()]);
    await until(() => !before.some((pid) => isAlive(pid)), 5_000, 'the workers before to leave');
  });

  it('answers what a client sends on a connection that it was told would go on, and heads that were half there', async () => {
    const port = await freePort();
    rolling = await startRolling(upstreams, { listeners: [edge(port)] });
    const begun = await rawClient({ port });
    await begun.send(requestHead('GET /begun'));
    await begun.readUntil('begun, ');
    const half = await rawClient({ port });
    await half.send('GET / HTTP/1.1\r\nHost: exam');
    await rolling.reload({ listeners: [edge(port, { timeouts: { keepAlive: '60s' } })] });
    for (const response of held.splice(0)) response.end('ended');
    await begun.readUntil('0\r\n\r\n');
    const next = await begun.exchange(requestHead('GET /'));
    expect([next.text(), next.field('connection')]).toEqual(['ok', 'close']);
    await half.send('ple.com\r\n\r\n');
    const response = await half.response();
    expect([response.text(), response.field('connection')]).toEqual(['ok', 'close']);
    await Promise.all([begun.close(), half.close()]);
  });

  it('cuts what a replaced worker still has at supervisor.drainTimeout, and at once when the instance stops', async () => {
    const port = await freePort();
    const supervisor = { drainTimeout: '1s' };
    rolling = await startRolling(upstreams, { listeners: [edge(port)], supervisor });
    const { torus } = rolling;
    const open = async () => {
      const socket = await rawClient({ port });
      await socket.send(UPGRADE);
      await socket.readUntil('\r\n\r\n');
      return socket;
    };
    const first = await open();
    await rolling.reload({ listeners: [edge(port, { timeouts: { keepAlive: '60s' } })] });
    await within(first.ended(), 5_000, 'the tunnel to be cut');
    const second = await open();
    await rolling.reload({ listeners: [edge(port)], supervisor: { drainTimeout: '1h' } });
    torus.signal('SIGTERM');
    await within(second.ended(), 5_000, 'the tunnel to be cut');
    await within(torus.exit, 5_000, 'torus to exit');
    await Promise.all([first.close(), second.close()]);
  });
});

it('a hundred reloads under load, some of them with other listeners, lose no request, and memory stays', async () => {
  const port = await freePort();
  rolling = await startRolling(upstreams, { listeners: [edge(port)] });
  const { torus } = rolling;
  const load = startLoad({ port, clients: 2 });
  const strangers = sendStrangers(port, 1);
  const rss = () => metricSum(torus, 'torus_worker_rss_bytes');
  const routeFor = (name: string) => [{ name, match: { path: '/*' }, upstream: 'main' }];
  const rounds = async (from: number, to: number): Promise<void> => {
    for (let round = from; round < to; round += 1) {
      const requestHeadLimit = round % 25 === 24 ? { limits: { headerCount: 100 + round } } : {};
      const listeners = round % 25 === 24 ? [edge(port, requestHeadLimit)] : undefined;
      const routes = routeFor(`all-${String(round % 7)}`);
      expect(await rolling.reload({ routes, ...(listeners && { listeners }) })).toBe(APPLIED);
    }
  };
  await rounds(0, 30);
  const early = await rss();
  await rounds(30, 100);
  const late = await rss();
  expect(await strangers.stop()).toEqual([]);
  const outcomes = await load.stop();
  expect(outcomes.filter((outcome) => !isAnswered(outcome))).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(200);
  expect(await metricSum(torus, 'torus_config_version')).toBe(101);
  expect(late).toBeLessThan(early * 1.5);
  await until(() => torus.workers().length === 2, 10_000, 'the workers before to be gone');
}, 180_000);
