/** Retries of requests whose endpoint was taken out of use while they ran on it. */
import { startTorus, until } from '../../support/index.js';
import {
  ask,
  closeAll,
  configFor,
  startBackend,
  untilState,
  type Backend,
} from '../health/health-fixture.js';

const PATIENCE = { 'retry-after': '30' };

let backends: Backend[];

beforeEach(async () => {
  backends = await Promise.all([startBackend('a'), startBackend('b')]);
});

afterEach(() => closeAll(backends));

it('a 503 with Retry-After of an endpoint that was ejected meanwhile is tried again on the other at once', async () => {
  const upstream = {
    endpoints: backends.map((backend) => backend.upstream.url),
    retryBudget: { minConcurrent: 10 },
    balancer: { 'consistent-hash': { on: 'path' } },
  };
  const routes = [
    {
      name: 'all',
      match: { path: '/*' },
      upstream: 'main',
      retry: { on: [503], backoff: { base: '10s', max: '10s' } },
    },
  ];
  await using torus = await startTorus({ config: configFor(upstream, { routes }) });
  const answers = Array.from({ length: 6 }, () => ask(torus, '/hold'));
  await until(() => backends.some(({ held }) => held.length === 6));
  const failing = backends.find(({ held }) => held.length === 6)!;
  const other = backends.find((backend) => backend !== failing)!;
  for (const response of failing.held.slice(0, 5)) response.writeHead(503, PATIENCE).end();
  await untilState(torus, failing, 'ejected');
  failing.held[5]!.writeHead(503, PATIENCE).end();
  await until(() => other.held.length === 6);
  for (const response of other.held) response.end(other.name);
  for (const answer of await Promise.all(answers)) expect(answer).toEqual({ status: 200, text: other.name });
});
