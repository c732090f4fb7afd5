/** A worker that may open 160 files: each step of the ladder by held requests, up to more connections than it can hold. */
import { accessLine, metricSum, openFds, requestHead, until, type RawClient } from '../../support/index.js';
import { SLOW_MS, startOverloadFixture, stepsLogged, type OverloadFixture } from './overload-fixture.js';

const LIMIT = 160;
const BURST = 60;

/** Hundreds of requests are held, by a worker that has little left. */
jest.setTimeout(90_000);

let fixture: OverloadFixture;
beforeEach(async () => {
  fixture = await startOverloadFixture({ process: { descriptors: LIMIT } });
});
afterEach(() => fixture.stop());

/** Holds requests until the worker is that high on its ladder. Each takes a descriptor on both sides. */
const climb = async (level: number): Promise<RawClient[]> => {
  const clients: RawClient[] = [];
  while ((await fixture.overload()).level < level) {
    const client = await fixture.hold();
    // The last one may have been shed already.
    if (client.receivedBytes === 0) clients.push(client);
    expect(clients.length).toBeLessThan(LIMIT / 2);
  }
  return clients;
};

const readyz = async (): Promise<number> => (await fixture.torus.admin('/readyz')).status;

it('at 85 % closes what is idle, on both sides, long before its time', async () => {
  const idle: RawClient[] = [];
  for (let index = 0; index < 10; index += 1) {
    const client = await fixture.connect();
    expect((await client.exchange(requestHead('GET /quick'))).status).toBe(200);
    idle.push(client);
  }
  const silent = await fixture.connect();
  await climb(1);
  for (const client of [...idle, silent]) expect(await client.ended(SLOW_MS)).toBe('fin');
  const quick = await Promise.all([fixture.connect(), fixture.connect(), fixture.connect()]);
  await Promise.all(quick.map((client) => client.exchange(requestHead('GET /quick'))));
  expect(fixture.upstream.openSockets).toBeGreaterThan(fixture.held);
  await until(() => fixture.upstream.openSockets === fixture.held, SLOW_MS);
  // The clients do not close their side: those connections linger.
  const closedBy = (side: string): Promise<number> =>
    metricSum(fixture.torus, 'torus_sockets_closed_total', { side, reason: 'overload' });
  await until(async () => (await closedBy('downstream')) === idle.length + 1 + quick.length, SLOW_MS);
  expect(await closedBy('upstream')).toBeGreaterThan(0);
  expect(await readyz()).toBe(200);
});

it('at 92 % ends keep-alive, and still serves', async () => {
  await climb(2);
  const client = await fixture.connect();
  const response = await client.exchange(requestHead('GET /quick'));
  expect([response.status, response.field('connection')]).toEqual([200, 'close']);
  expect(await client.ended(SLOW_MS)).toBe('fin');
  expect(await readyz()).toBe(200);
});

it('at 95 % sheds what is new and not critical, and finishes what runs; once it is over, all is as before', async () => {
  const { torus } = fixture;
  const holding = await climb(3);
  const shedTotal = (): Promise<number> => metricSum(torus, 'torus_overload_shed_total', { resource: 'fds' });
  const before = await shedTotal();
  const client = await fixture.connect();
  const shed = await client.exchange(requestHead('GET /new'));
  expect([shed.status, shed.field('retry-after'), shed.field('connection')]).toEqual([503, '1', 'close']);
  expect(shed.field('proxy-status')).toBe(
    'torus;error=proxy_internal_response;details="internal.overload.shed"',
  );
  expect(JSON.parse(shed.body.toString())).toMatchObject({ status: 503, cause: 'internal.overload.shed' });
  expect(await accessLine(torus, '/new')).toMatchObject({ cause: 'internal.overload.shed', detail: 'fds' });
  const critical = await fixture.connect();
  expect((await critical.exchange(requestHead('GET /health'))).status).toBe(200);
  expect(await readyz()).toBe(200);
  const [worker] = (await fixture.overload()).workers;
  expect(worker?.steps).toEqual({ 'shorten-idle': true, 'no-keep-alive': true, shed: true });
  expect(worker?.resources.find(({ resource }) => resource === 'fds')).toMatchObject({
    level: 3,
    limit: LIMIT,
    thresholds: { shortenIdle: 0.85, noKeepAlive: 0.92, shed: 0.95 },
  });
  expect(await shedTotal()).toBe(before + 1);
  expect(await metricSum(torus, 'torus_worker_overload_level', { worker: '1' })).toBe(3);
  expect(
    await metricSum(torus, 'torus_worker_overload_pressure', { worker: '1', resource: 'fds' }),
  ).toBeGreaterThan(0.94);

  fixture.release();
  for (const held of holding) {
    const response = await held.response();
    expect([response.status, response.body.toString()]).toEqual([200, 'held']);
  }
  await fixture.whenOverload(({ level }) => level === 0, 'the ladder to be left');
  const after = await fixture.connect();
  const response = await after.exchange(requestHead('GET /after'));
  expect([response.status, response.field('connection')]).toEqual([200, undefined]);
  const steps = ['shorten-idle fds', 'no-keep-alive fds', 'shed fds'];
  const logged = stepsLogged(torus);
  expect(logged.slice(0, 3)).toEqual(steps.map((step) => `+${step}`));
  for (const step of steps) {
    expect(logged.filter((line) => line === `-${step}`)).toHaveLength(
      logged.filter((line) => line === `+${step}`).length,
    );
  }
  expect(
    await metricSum(torus, 'torus_overload_transitions_total', { step: 'shed', direction: 'left' }),
  ).toBe(logged.filter((line) => line === '-shed fds').length);
});

it('never runs out: beyond what it can hold, connections are refused and counted, and the admin answers', async () => {
  const { torus } = fixture;
  await climb(3);
  const burst = await Promise.all(
    Array.from({ length: BURST }, () => fixture.connect().catch(() => undefined)),
  );
  await Promise.all(burst.flatMap((client) => client?.exchange(requestHead('GET /burst')) ?? []));
  expect(openFds(torus.workers()[0]!)).toBeLessThan(LIMIT);
  expect(await metricSum(torus, 'torus_connections_refused_total', { reason: 'overload' })).toBeGreaterThan(
    0,
  );
  expect(await metricSum(torus, 'torus_connections_refused_total', { reason: 'accept-error' })).toBe(0);
  expect(
    await metricSum(torus, 'torus_http_requests_total', { cause: 'internal.overload.descriptors' }),
  ).toBe(0);
  expect(await readyz()).toBe(200);
  await fixture.closeClients();
  await fixture.whenOverload(({ level }) => level === 0, 'the ladder to be left');
  const after = await fixture.connect();
  expect((await after.exchange(requestHead('GET /after'))).status).toBe(200);
});
