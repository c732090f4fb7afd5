/** Without its ladder a worker does run out of descriptors: that is told as what it is, and no endpoint is blamed. */
import { metricSum, requestHead } from '../../support/index.js';
import { startOverloadFixture, type OverloadFixture } from './overload-fixture.js';

const LIMIT = 128;
const CLIENTS = 60;

let fixture: OverloadFixture;
beforeAll(async () => {
  fixture = await startOverloadFixture({
    process: { descriptors: LIMIT },
    config: { overload: { fds: false } },
  });
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
