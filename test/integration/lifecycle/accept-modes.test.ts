/** How new connections reach the workers: each way serves, spreads and heals, and is the way that was asked for. */
import {
  accessLine,
  isAlive,
  metricSum,
  rawClient,
  requestHead,
  socketsOf,
  startHttpUpstream,
  startTorus,
  until,
  type RawClient,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

type Mode = 'shared' | 'round-robin' | 'reuse-port';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** Both ways beside `shared` came with it. */
const HAS_ALL = major > 23 || (major === 22 && minor >= 12) || (major === 23 && minor >= 1);
const OTHERS: readonly Mode[] = ['round-robin', 'reuse-port'];
const MODES: readonly Mode[] = HAS_ALL ? ['shared', ...OTHERS] : ['shared'];

let upstream: TestUpstream;
let torus: RunningTorus;
let visits = 0;

const start = async (accept: Mode, more: object = {}): Promise<void> => {
  torus = await startTorus({
    config: {
      workers: 2,
      accept,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      supervisor: { backoffMin: '20ms' },
      shutdown: { timeout: '2s' },
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
      ...more,
    },
  });
  await bothReady();
};

const readyPids = (): number[] =>
  torus.logs().flatMap(({ msg }) => {
    const pid = Number(/^Worker (\d+) listening/.exec(msg)?.[1]);
    return isAlive(pid) ? [pid] : [];
  });
const bothReady = (): Promise<boolean> => until(() => readyPids().length === 2, 10_000, 'two workers');

/** A new connection, held open, and the worker that answered on it. */
const visit = async (): Promise<{ readonly client: RawClient; readonly worker: number }> => {
  visits += 1;
  const target = `/visit/${String(visits)}`;
  const client = await rawClient({ port: torus.port() });
  const { status } = await client.exchange(requestHead(`GET ${target}`));
  expect(status).toBe(200);
  return { client, worker: Number((await accessLine(torus, target))['pid']) };
};

/** The status of one request on a connection of its own; 0 when the connection was lost. */
const ask = async (): Promise<number> => {
  const client = await rawClient({ port: torus.port() }).catch(() => undefined);
  if (client === undefined) return 0;
  const { status } = await client.exchange(requestHead('GET /'), { timeoutMs: 1_000 });
  await client.close();
  return status;
};

/** Opens connections, all held until the end, until each of these workers has answered on one. */
const reachAll = async (workers: readonly number[]): Promise<void> => {
  const held: RawClient[] = [];
  const missing = new Set(workers);
  while (missing.size > 0 && held.length < 200) {
    const { client, worker } = await visit();
    held.push(client);
    missing.delete(worker);
  }
  await Promise.all(held.map((client) => client.close()));
  expect([...missing]).toEqual([]);
};

const listens = (pid: number): boolean =>
  socketsOf(pid).some(({ state, localPort }) => state === 'LISTEN' && localPort === torus.port());

beforeAll(async () => {
  upstream = await startHttpUpstream((_request, response) => void response.end('ok'));
});
afterAll(() => upstream.close());
afterEach(() => torus.stop());

describe.each(MODES)('accept: %s', (mode) => {
  it('serves on both workers at one port, and on the worker that takes the place of a killed one', async () => {
    await start(mode);
    const bound = torus.logs().filter(({ msg }) => msg === 'Listener bound');
    expect(bound.map(({ port }) => port)).toEqual([torus.port(), torus.port()]);
    expect(torus.logs().filter(({ msg }) => msg.startsWith('Killing worker'))).toEqual([]);
    await reachAll(readyPids());
    const [victim = 0] = readyPids();
    process.kill(victim, 'SIGKILL');
    await torus.waitForLog(`Worker ${String(victim)} crashed`);
    await until(() => !isAlive(victim));
    await bothReady();
    await reachAll(readyPids());
    expect((await torus.stop()).code).toBe(0);
  });

  it('puts the listening socket where that way has it', async () => {
    await start(mode);
    const expected = {
      shared: { primary: true, workers: [true, true] },
      'round-robin': { primary: true, workers: [false, false] },
      'reuse-port': { primary: false, workers: [true, true] },
    }[mode];
    expect({ primary: listens(torus.pid), workers: readyPids().map(listens) }).toEqual(expected);
  });

  it(`replaces a worker that is told to stop${mode === 'shared' ? ', and no connection is lost meanwhile' : ''}`, async () => {
    await start(mode);
    const [leaving = 0] = readyPids();
    process.kill(leaving, 'SIGTERM');
    const statuses: number[] = [];
    do statuses.push(await ask());
    while (isAlive(leaving));
    await bothReady();
    await reachAll(readyPids());
    // The other ways lose what the kernel or the primary had just given to the worker that leaves.
    expect(statuses.filter((status) => status !== 200 && mode === 'shared')).toEqual([]);
    expect(statuses).toContain(200);
  });

  it('refuses and counts the connections that no worker has room for', async () => {
    await start(mode, { limits: { maxConnections: 1 } });
    const held: RawClient[] = [];
    const full = async (): Promise<boolean> =>
      (await metricSum(torus, 'torus_sockets_open', { side: 'downstream' })) === 2;
    while (held.length < 200 && !(await full())) {
      const client = await rawClient({ port: torus.port() });
      held.push(client);
      await client.exchange(requestHead('GET /'));
    }
    const before = await metricSum(torus, 'torus_connections_refused_total', { reason: 'cap' });
    const refused = await rawClient({ port: torus.port() });
    await refused.ended();
    expect(refused.receivedBytes).toBe(0);
    expect(await metricSum(torus, 'torus_connections_refused_total', { reason: 'cap' })).toBe(before + 1);
    await Promise.all([refused, ...held].map((client) => client.close()));
  });
});

(HAS_ALL ? it : it.skip)('accept: round-robin gives each worker every second connection', async () => {
  await start('round-robin');
  const order: number[] = [];
  const held: RawClient[] = [];
  for (let index = 0; index < 10; index += 1) {
    const { client, worker } = await visit();
    held.push(client);
    order.push(worker);
  }
  const [first = 0, second = 0] = order;
  expect(order).toEqual(Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? first : second)));
  expect(first).not.toBe(second);
  await Promise.all(held.map((client) => client.close()));
});

(HAS_ALL ? it.skip : it).each(OTHERS)(
  'accept: %s is replaced by shared on a Node without it, with a warning',
  async (mode) => {
    await start(mode);
    const warning = await torus.waitForLog(/accept: .* is used in its place/);
    expect(warning).toMatchObject({ level: 'warn', path: 'accept' });
    expect([listens(torus.pid), ...readyPids().map(listens)]).toEqual([true, true, true]);
  },
);
