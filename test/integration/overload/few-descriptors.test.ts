/** A limit of descriptors below the number of files that Torus consists of. */
import { requestHead } from '../../support/index.js';
import { startOverloadFixture, type OverloadFixture } from './overload-fixture.js';

let fixture: OverloadFixture;
beforeAll(async () => {
  fixture = await startOverloadFixture({ process: { descriptors: 64 } });
});
afterAll(() => fixture.stop());

it('an instance with 64 descriptors starts, serves, and is asked how it is', async () => {
  const client = await fixture.connect();
  expect((await client.exchange(requestHead('GET /'))).status).toBe(200);
  const { workers, missing } = await fixture.overload();
  expect(missing).toEqual([]);
  expect(workers[0]?.resources.find(({ resource }) => resource === 'fds')).toMatchObject({ limit: 64 });
});
