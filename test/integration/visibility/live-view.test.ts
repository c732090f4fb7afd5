/** What operators see of a running instance: which exchanges, whose connections, over all workers. */
import {
  rawClient,
  requestHead,
  runCli,
  until,
  type RawClient,
  type RunningTorus,
} from '../../support/index.js';
import { upgradeHead } from '../tunnels/tunnel-fixture.js';
import { endLiveWorld, startLiveWorld, streamAt, streamsOf, type LiveWorld } from './live-fixture.js';

jest.setTimeout(60_000);

let world: LiveWorld;
let torus: RunningTorus;
let clients: RawClient[] = [];

beforeAll(async () => {
  world = await startLiveWorld(2);
  ({ torus } = world);
  await until(() => torus.workers().length === 2);
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
  await until(async () => (await connectionsOf()).downstream['open'] === 0);
});

afterAll(() => endLiveWorld(world));

const connect = async (localAddress = '127.0.0.1'): Promise<RawClient> => {
  const client = await rawClient({ port: torus.port('plain'), localAddress });
  clients.push(client);
  return client;
};

const begin = async (path: string, localAddress?: string): Promise<RawClient> => {
  const client = await connect(localAddress);
  await client.send(requestHead(`GET ${path}`));
  await streamAt(torus, path, ({ phase }) => phase !== 'connect');
  return client;
};

/** `torus` at a terminal. */
const cli = (...args: readonly string[]) =>
  runCli([...args, '--admin', `127.0.0.1:${String(torus.adminPort)}`]);

type Counts = Readonly<Record<string, unknown>>;

interface Connections {
  readonly missing: readonly unknown[];
  readonly downstream: Counts & {
    readonly listeners: readonly Counts[];
    readonly clients: readonly Counts[];
  };
  readonly upstream: Counts & { readonly endpoints: readonly Counts[] };
}

const connectionsOf = async (query = ''): Promise<Connections> =>
  (await (await torus.admin(`/connections${query}`)).json()) as Connections;

describe('GET /streams', () => {
  it('filters, sorts and bounds what it shows, and counts the rest', async () => {
    await begin('/silent/first');
    await begin('/silent/second', '127.0.0.2');
    await begin('/chunked/third');
    await streamAt(torus, '/chunked/third', ({ phase }) => phase === 'response');
    const paths = async (query: string) => (await streamsOf(torus, query)).streams.map(({ path }) => path);
    expect(await paths('')).toEqual(['/silent/first', '/silent/second', '/chunked/third']);
    expect(await paths('?sort=bytes&limit=1')).toEqual(['/chunked/third']);
    expect(await paths('?client=127.0.0.2')).toEqual(['/silent/second']);
    expect(await paths('?phase=response')).toEqual(['/chunked/third']);
    expect(await paths(`?endpoint=127.0.0.1:${String(world.upstream.port)}&limit=2`)).toHaveLength(2);
    expect(await paths('?route=deaf')).toEqual([]);
    expect(await paths('?upstream=main&listener=plain&blocked=any')).toEqual([]);
    expect(await paths('?slow=1h')).toEqual([]);
    expect(await streamsOf(torus, '?phase=wait&limit=1')).toMatchObject({
      total: 3,
      matched: 2,
      missing: [],
      streams: [{ path: '/silent/first' }],
    });
    const [first] = (await streamsOf(torus)).streams;
    await until(async () => (await paths('?slow=300ms')).includes('/silent/first'));
    expect(await paths(`?id=${first!.id}`)).toEqual(['/silent/first']);
  });

  it.each([
    ['?slow=fast', /slow must be a duration/],
    ['?phase=lunch', /phase must be one of filter, connect/],
    ['?blocked=me', /blocked must be one of client, upstream, any/],
    ['?sort=colour', /sort must be one of age/],
    ['?limit=0', /limit must be a whole number from 1 to 1000/],
    ['?colour=red', /there is no parameter colour/],
  ])('refuses %s and says why', async (query, words) => {
    const response = await torus.admin(`/streams${query}`);
    expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(words)]);
  });

  it('names a worker that does not answer, and shows what the others serve', async () => {
    const [stopped] = torus.workers();
    process.kill(stopped!, 'SIGSTOP');
    try {
      const report = await streamsOf(torus);
      expect(report.missing).toEqual([{ worker: expect.any(Number), problem: 'no answer within 2000 ms' }]);
      expect((await connectionsOf()).missing).toHaveLength(1);
    } finally {
      process.kill(stopped!, 'SIGCONT');
    }
    await until(async () => (await streamsOf(torus)).missing.length === 0);
  });
});

describe('torus streams', () => {
  it('shows a table that fits a terminal, JSON where it is wanted, and ends an exchange', async () => {
    const client = await begin('/silent/table');
    const { id } = await streamAt(torus, '/silent/table');
    const table = await cli('streams', '--phase', 'wait');
    expect(table.stderr).toBe('');
    const [titles, row, summary] = table.stdout.split('\n');
    expect(titles).toMatch(/^ID +AGE +PHASE +BLOCKED +IN +OUT +CLIENT +ROUTE +ENDPOINT +REQUEST$/);
    expect(row).toContain(id);
    expect(row).toMatch(
      / wait +- +0 +0 +127\.0\.0\.1 +main +127\.0\.0\.1:\d+ +GET example\.test\/silent\/table$/,
    );
    expect(summary).toBe('1 of 1 shown, 1 run');
    const report = JSON.parse((await cli('streams', '--json', '--limit', '5')).stdout) as object;
    expect(report).toMatchObject({ total: 1, streams: [{ id }] });
    expect(await cli('streams', 'kill', id)).toMatchObject({ status: 0, stdout: `killed ${id}\n` });
    expect(await client.response()).toMatchObject({ status: 503 });
    const again = await cli('streams', 'kill', id);
    expect(again).toMatchObject({ status: 1, stderr: `torus: no exchange runs with the id ${id}\n` });
  });

  it('says what it does not understand', async () => {
    const slow = await cli('streams', '--slow', 'soon');
    expect(slow).toMatchObject({ status: 2, stdout: '' });
    expect(slow.stderr).toContain('slow must be a duration');
    expect(await cli('streams', 'stop')).toMatchObject({ status: 2 });
  });
});

describe('GET /connections', () => {
  it('says which listener, which client and which endpoint holds how many, and in which state', async () => {
    const idle = await connect('127.0.0.3');
    await idle.exchange(requestHead('GET /small'));
    await begin('/silent/held', '127.0.0.3');
    const tunnel = await connect('127.0.0.3');
    await tunnel.send(upgradeHead('/tunnel-deaf'));
    await tunnel.readUntil('\r\n\r\n');
    await begin('/silent/other', '127.0.0.4');
    const found = await connectionsOf();
    expect(found.missing).toEqual([]);
    const sum = { open: 4, handshaking: 0, idle: 1, active: 2, tunnels: 1 };
    expect(found.downstream).toMatchObject({ ...sum, clientCount: 2, clientsComplete: true });
    expect(found.downstream.listeners).toEqual([
      expect.objectContaining({ listener: 'plain', ...sum }),
      expect.objectContaining({ listener: 'secure', open: 0 }),
    ]);
    expect(found.downstream.clients).toMatchObject([
      { client: '127.0.0.3', open: 3, idle: 1, active: 1, tunnels: 1, listeners: ['plain'] },
      { client: '127.0.0.4', open: 1, idle: 0, active: 1, tunnels: 0, listeners: ['plain'] },
    ]);
    const address = `127.0.0.1:${String(world.upstream.port)}`;
    const [main] = found.upstream.endpoints.filter(({ upstream }) => upstream === 'main');
    expect(main).toMatchObject({ endpoint: address, active: 2, tunnels: 1, exchanges: 3, waiting: 0 });
    expect(main!['open']).toBe(3 + Number(main!['idle']));
    expect(await connectionsOf('?limit=1')).toMatchObject({
      downstream: { clients: [{ client: '127.0.0.3' }], clientCount: 2 },
    });
    expect((await torus.admin('/connections?limit=none')).status).toBe(400);
  });

  it('counts what is in its handshake, and whose it is', async () => {
    const slow = await rawClient({ port: torus.port('secure'), localAddress: '127.0.0.5' });
    clients.push(slow);
    const found = await until(async () => {
      const report = await connectionsOf();
      return report.downstream['handshaking'] === 1 && report;
    });
    slow.reset();
    expect(found.downstream.clients).toMatchObject([{ client: '127.0.0.5', open: 1, handshaking: 1 }]);
    expect(found.downstream.listeners).toMatchObject([{ open: 0 }, { listener: 'secure', handshaking: 1 }]);
  });

  it('is a table at a terminal', async () => {
    await begin('/silent/table', '127.0.0.6');
    const { status, stdout, stderr } = await cli('connections');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^LISTENER +OPEN +IDLE +ACTIVE +TUNNELS +HANDSHAKE +OLDEST\nplain +1 +0 +1 +0 +0 /,
    );
    expect(stdout).toMatch(/\nCLIENT .*\n127\.0\.0\.6 +1 +0 +1 +0 +0 +\S+ +plain\n1 of 1 clients shown\n/);
    expect(stdout).toMatch(/\nmain +127\.0\.0\.1:\d+ +\d+ +\d+ +1 +0 +0 +1 +0\n/);
  });
});
