/** Without its ladder a worker does run out of descriptors: that is told as what it is, and no endpoint is blamed. */
import { metricSum, openFds, requestHead, until } from '../../support/index.js';
import { startOverloadFixture, type OverloadFixture } from './overload-fixture.js';

const LIMIT = 128;
const CLIENTS = 60;
const HELD = 45;

let fixture: OverloadFixture;
beforeAll(async () => {
  fixture = await startOverloadFixture({
    process: { descriptors: LIMIT },
    config: { overload: { fds: false } },
  });
});
afterEach(async () => {
  fixture.release();
  await fixture.closeClients();
});
afterAll(() => fixture.stop());

it('a request for which no connection can be opened ends with 503 and a cause of its own', async () => {
  const { torus } = fixture;
  // Their connections are taken first: what is left is not enough for one towards the upstream for each of them.
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => fixture.connect()));
  let response;
  for (const client of clients) {
    await fixture.hold([], client);
    if (client.receivedBytes === 0) continue;
    response = await client.response();
    break;
  }
  expect(response?.status).toBe(503);
  expect(JSON.parse(response?.body.toString() ?? '{}')).toMatchObject({
    cause: 'internal.overload.descriptors',
  });
  expect(await metricSum(torus, 'torus_outlier_ejections_total')).toBe(0);
  expect(await metricSum(torus, 'torus_upstream_retries_total')).toBe(0);
  const { workers } = await fixture.overload();
  expect(workers[0]?.resources.map(({ resource }) => resource)).toEqual(['memory', 'loop-delay']);
  fixture.release();
  await fixture.closeClients();
  const after = await fixture.connect();
  expect((await after.exchange(requestHead('GET /after'))).status).toBe(200);
});

it('connections beyond the descriptors are refused, each of them counted', async () => {
  const { torus } = fixture;
  await until(async () => (await metricSum(torus, 'torus_sockets_open', { side: 'downstream' })) === 0);
  // Each takes a descriptor on both sides, so that less is left than the cap would let in.
  for (let index = 0; index < HELD; index += 1) await fixture.hold();
  const burst = await Promise.all(Array.from({ length: CLIENTS }, () => fixture.connect()));
  const ended = (): number => burst.filter(({ socket }) => socket.readableEnded || socket.destroyed).length;
  const open = (): Promise<number> => metricSum(torus, 'torus_sockets_open', { side: 'downstream' });
  await until(async () => ended() + (await open()) === HELD + CLIENTS);
  expect(ended()).toBeGreaterThan(CLIENTS / 2);
  expect(await metricSum(torus, 'torus_connections_refused_total', { reason: 'overload' })).toBe(ended());
  expect(openFds(torus.workers()[0]!)).toBeLessThan(LIMIT);
  const told = await torus.waitForLog('Connections refused');
  expect(told).toMatchObject({ level: 'warn', listener: 'plain', reason: 'overload', refused: 1 });
});
