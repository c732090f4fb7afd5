/** Parameters that a route does not know: overlooked, they would change more than was asked for. */
import { configRoutes } from '../../../../src/server/admin/routes/config-routes.js';
import { diagnosisRoutes } from '../../../../src/server/admin/routes/diagnosis-routes.js';
import { explainRoutes } from '../../../../src/server/admin/routes/explain-routes.js';
import { logRoutes } from '../../../../src/server/admin/routes/log-routes.js';
import { workerRoutes } from '../../../../src/server/admin/routes/worker-routes.js';

const never = (): never => {
  throw new Error('it was done');
};

const ROUTES = [
  ...configRoutes({ describe: never, preview: never, apply: never }),
  ...diagnosisRoutes({ cpuProfile: never, heapSnapshot: never }),
  ...explainRoutes({ explain: never }),
  ...logRoutes({ setLogLevel: never }),
  ...workerRoutes({ workers: never, recycle: never }),
];

describe('a route of the admin listener', () => {
  it.each([
    ['POST', '/config', 'dryrun=true'],
    ['POST', '/cpu-profile', 'wroker=2'],
    ['POST', '/heap-snapshot', 'wroker=2'],
    ['POST', '/explain', 'url=http://a'],
    ['GET', '/explain', 'url=http://a&headers=x:y'],
    ['POST', '/log-level', 'level=debug&wroker=2'],
    ['POST', '/workers/recycle', 'worker=2'],
    ['POST', '/workers/:number/recycle', 'x=1'],
    ['DELETE', '/workers/:number', 'x=1'],
  ])('refuses at %s %s the parameters %s', async (method, path, query) => {
    const route = ROUTES.find((each) => each.method === method && each.path === path);
    const ask = async (): Promise<unknown> =>
      route?.handle({
        ...{
          query: new URLSearchParams(query),
          parameter: '1',
          accept: '',
          contentType: '',
          ifNoneMatch: '',
        },
        body: () => Promise.resolve('{}'),
      });
    await expect(ask()).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/^there is no parameter /) as string,
    });
  });
});
