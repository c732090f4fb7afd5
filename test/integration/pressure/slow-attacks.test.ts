/** slowhttptest in all its modes at once, past the connection cap, while ordinary clients get every answer they ask for. */
import {
  metricSum,
  rawClient,
  requestHead,
  slowAttack,
  startHttpUpstream,
  startTorus,
  until,
  whenNothingIsOpen,
  describeWithSlowhttptest,
  type RawClient,
  type RunningTorus,
  type SlowAttack,
  type TestUpstream,
} from '../../support/index.js';

const CAP = 120;
const ORDINARY_CLIENTS = 4;
/** Of each mode: together more than the cap. */
const ATTACKERS = 100;
const SECONDS = 4;
const PAUSE_MS = 20;
const PAGE = Buffer.alloc(16 * 1024 * 1024, 'page');

let torus: RunningTorus;
let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startHttpUpstream((request, response) => {
    if (request.url === '/page') response.end(PAGE);
    else if (request.method === 'POST') request.resume().on('end', () => response.end());
    else response.end(request.url);
  });
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        {
          name: 'plain',
          address: '127.0.0.1:0',
          limits: { requestsPerConnection: 1_000_000 },
          timeouts: { requestHead: '1s', bodyGap: '1s', writeGap: '1s', keepAlive: '1s' },
        },
      ],
      limits: { maxConnections: CAP },
      admin: { address: '127.0.0.1:0' },
      upstreams: { site: { endpoints: [upstream.url] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'site' }],
    },
  });
});
afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

/** Asks for one page after the other until told to stop; every answer must be the one to its question. */
const browse = async (client: RawClient, name: number, isOver: () => boolean): Promise<number> => {
  let asked = 0;
  for (; !isOver(); asked += 1) {
    const path = `/ordinary/${String(name)}/${String(asked)}`;
    const response = await client.exchange(requestHead(`GET ${path}`));
    expect([response.status, response.text()]).toEqual([200, path]);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return asked;
};

const attack = (mode: SlowAttack, path: string, ...args: readonly string[]): Promise<string> =>
  slowAttack(mode, {
    url: `${torus.url('plain')}${path}`,
    connections: ATTACKERS,
    seconds: SECONDS,
    args,
  });

const refusedByCap = (): Promise<number> =>
  metricSum(torus, 'torus_connections_refused_total', { reason: 'cap' });
const rejected = (cause: string): Promise<number> =>
  metricSum(torus, 'torus_rejected_requests_total', { cause });
const ended = (cause: string): Promise<number> => metricSum(torus, 'torus_http_requests_total', { cause });
/** How quickly an attack connects is up to the machine: silent connections, each cut after a second, fill what it left free. */
const fillTheCap = async (): Promise<void> => {
  while ((await refusedByCap()) === 0) {
    const silent = await Promise.all(
      Array.from({ length: CAP }, () => rawClient({ port: torus.port('plain') })),
    );
    await Promise.all(silent.map((client) => client.ended().then(() => client.close())));
  }
};

const openClients = (): Promise<number> => metricSum(torus, 'torus_sockets_open', { side: 'downstream' });

describeWithSlowhttptest('slowhttptest', () => {
  it('in all its modes, past the connection cap, keeps no ordinary client from its answers; afterwards nothing of it is left', async () => {
    const clients: RawClient[] = [];
    for (let index = 0; index < ORDINARY_CLIENTS; index += 1)
      clients.push(await rawClient({ port: torus.port('plain') }));
    const workers = torus.workers();
    let over = false;
    const browsing = clients.map((client, index) => browse(client, index, () => over));
    const attacks = [
      attack('range', '/range', '-b', '4000'),
      attack('read', '/page', '-w', '64', '-y', '512', '-z', '16'),
      attack('body', '/upload', '-s', '8192', '-x', '10'),
      attack('head', '/head'),
    ];
    await fillTheCap();
    const reports = await Promise.all(attacks).finally(() => {
      over = true;
    });
    for (const asked of await Promise.all(browsing)) expect(asked).toBeGreaterThan(10);
    expect(torus.workers()).toEqual(workers);
    for (const report of reports) expect(report).toContain('Exit status:');

    expect(await rejected('downstream.head.too-large')).toBeGreaterThan(0);
    expect(await rejected('downstream.head.timeout')).toBeGreaterThan(0);
    expect(await ended('downstream.body.timeout')).toBeGreaterThan(0);
    expect(await refusedByCap()).toBeGreaterThan(0);
    expect(await ended('downstream.response.timeout')).toBeGreaterThan(0);

    await until(async () => (await openClients()) <= ORDINARY_CLIENTS, 5_000, 'the attackers to be gone');
    const late = await rawClient({ port: torus.port('plain') });
    expect((await late.exchange(requestHead('GET /late'))).text()).toBe('/late');
    await Promise.all([...clients, late].map((client) => client.close()));
    await until(async () => (await openClients()) === 0);
    upstream.resetAll();
    await whenNothingIsOpen(torus, 5_000);
  }, 30_000);
});
