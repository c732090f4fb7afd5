/** Passive ejection: who is ejected for what, for how long, and who never is. On by default. */
import { freePort, metricSum, rawClient, startTorus, until, type RunningTorus } from '../../support/index.js';
import {
  ask,
  closeAll,
  configFor,
  factsOf,
  startBackend,
  statesOf,
  tally,
  untilTally,
  untilState,
  type Backend,
} from './health-fixture.js';

const start = (
  endpoints: readonly string[],
  upstream: object = {},
  extra: object = {},
): Promise<RunningTorus> =>
  startTorus({ config: configFor({ endpoints, balancer: 'round-robin', ...upstream }, extra) });

const urls = (backends: readonly Backend[]): string[] => backends.map(({ upstream }) => upstream.url);

/** Requests until one endpoint is ejected. */
const askUntilEjected = async (torus: RunningTorus, { address }: Pick<Backend, 'address'>): Promise<void> => {
  await until(
    async () => {
      await tally(torus, 2);
      return (await statesOf(torus))[address] === 'ejected';
    },
    10_000,
    `${address} to be ejected\n${torus.log.tail()}`,
  );
};

describe('an endpoint that fails', () => {
  let backends: Backend[];
  let bad: Backend;
  let good: Backend;
  let torus: RunningTorus | undefined;

  beforeEach(async () => {
    backends = await Promise.all([startBackend('bad'), startBackend('good')]);
    [bad, good] = backends as [Backend, Backend];
  });

  afterEach(async () => {
    await torus?.stop();
    torus = undefined;
    await closeAll(backends);
  });

  it('is ejected after five 5xx in a row, for 30 s, with no word of configuration', async () => {
    torus = await start(urls(backends));
    bad.status = 500;
    expect(await tally(torus, 10)).toEqual({ 500: 5, good: 5 });
    await untilState(torus, bad, 'ejected');
    await untilTally(torus, { good: 10 });
    const facts = (await factsOf(torus)).endpoints.find(({ address }) => address === bad.address);
    expect(facts).toMatchObject({ available: false, why: '5 failures in a row, the last: 500' });
    const restMs = Date.parse(facts?.ejectedUntil ?? '') - Date.now();
    expect(restMs).toBeGreaterThan(25_000);
    expect(restMs).toBeLessThanOrEqual(30_000);
    expect(await metricSum(torus, 'torus_outlier_ejections_total', { upstream: 'main', reason: '5xx' })).toBe(
      1,
    );
    expect(await metricSum(torus, 'torus_upstream_endpoints', { state: 'ejected' })).toBe(1);
    await torus.waitForLog((line) => line['state'] === 'ejected' && line['endpoint'] === bad.address);
    expect((await torus.admin('/readyz')).status).toBe(200);
  });

  it('is not ejected while what it serves interrupts its failures', async () => {
    torus = await start(urls(backends));
    for (let round = 0; round < 5; round += 1) {
      bad.status = 500;
      await tally(torus, 8);
      bad.status = 200;
      await tally(torus, 2);
    }
    expect(bad.hits).toBe(25);
    expect(await statesOf(torus)).toEqual({ [bad.address]: 'healthy', [good.address]: 'healthy' });
  });

  it('is not ejected for what clients do wrong', async () => {
    torus = await start(urls(backends));
    bad.status = 404;
    await tally(torus, 20);
    bad.status = -1;
    good.status = -1;
    for (let index = 0; index < 12; index += 1) {
      const hits = bad.hits + good.hits;
      const client = await rawClient({ port: torus.port() });
      await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\npart');
      await until(() => bad.hits + good.hits > hits);
      client.reset();
    }
    bad.status = 200;
    good.status = 200;
    expect((await tally(torus, 4))['bad']).toBe(2);
    expect(await statesOf(torus)).toEqual({ [bad.address]: 'healthy', [good.address]: 'healthy' });
  });

  it('is ejected when connections to it are refused, or broken before an answer', async () => {
    const closed = `http://127.0.0.1:${String(await freePort())}`;
    torus = await start([closed, good.upstream.url]);
    await askUntilEjected(torus, { address: closed.slice('http://'.length) });
    expect(await metricSum(torus, 'torus_outlier_ejections_total', { reason: 'connection' })).toBe(1);
    await torus.stop();
    torus = await start(urls(backends));
    bad.status = 0;
    await askUntilEjected(torus, bad);
    expect((await factsOf(torus)).endpoints[0]?.why).toMatch(/the last: upstream\.head\.(closed|reset)$/);
  });

  it('is ejected when it does not answer in time', async () => {
    torus = await start(
      urls(backends),
      { outlierEjection: { consecutive5xx: 2 } },
      {
        routes: [
          { name: 'all', match: { path: '/*' }, upstream: 'main', timeouts: { responseHead: '500ms' } },
        ],
      },
    );
    bad.status = -1;
    await askUntilEjected(torus, bad);
    expect((await factsOf(torus)).endpoints[0]?.why).toContain('upstream.head.timeout');
  });

  it('is ejected when requests run out of time because of it', async () => {
    const timeouts = { request: '500ms' };
    torus = await start(
      urls(backends),
      { outlierEjection: { consecutive5xx: 2 } },
      { routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main', timeouts }] },
    );
    bad.status = -1;
    await askUntilEjected(torus, bad);
  });

  it('comes back by itself, and is out for longer the next time', async () => {
    torus = await start(urls(backends), {
      outlierEjection: { consecutive5xx: 2, baseTime: '600ms', maxTime: '5s' },
    });
    bad.status = 503;
    const until1 = async (): Promise<number> => {
      await askUntilEjected(torus!, bad);
      const facts = (await factsOf(torus!)).endpoints[0]!;
      // Two readings of two clocks.
      return Math.round((Date.parse(facts.ejectedUntil!) - Date.parse(facts.since)) / 10) * 10;
    };
    expect(await until1()).toBe(600);
    await untilState(torus, bad, 'healthy');
    expect(await until1()).toBe(1200);
    bad.status = 200;
    await untilState(torus, bad, 'healthy');
    await untilTally(torus, { bad: 5, good: 5 });
  });

  it('is told of by all workers together, and ejected in all of them', async () => {
    torus = await start(urls(backends), { balancer: 'least-request' }, { workers: 2 });
    bad.status = 500;
    await askUntilEjected(torus, bad);
    await untilTally(torus, { good: 30 });
  });

  it('is out after a reload and after a crash as it was before', async () => {
    torus = await start(urls(backends), {}, { workers: 2 });
    bad.status = 500;
    await askUntilEjected(torus, bad);
    await untilTally(torus, { good: 10 });
    const { hits } = bad;
    torus.signal('SIGHUP');
    await torus.waitForLog('Configuration applied');
    expect(await tally(torus, 10)).toEqual({ good: 10 });
    const [pid] = torus.workers();
    process.kill(pid!, 'SIGKILL');
    await until(() => torus!.workers().length === 2 && !torus!.workers().includes(pid!));
    await torus.ready();
    expect(await tally(torus, 10)).toEqual({ good: 10 });
    expect((await statesOf(torus))[bad.address]).toBe('ejected');
    expect(bad.hits).toBe(hits);
  });

  it('that is the only one is never ejected, nor is the last that is left', async () => {
    torus = await start([bad.upstream.url], { panicThreshold: '0%' });
    bad.status = 500;
    expect(await tally(torus, 20)).toEqual({ 500: 20 });
    await untilState(torus, bad, 'failing');
    expect((await factsOf(torus)).endpoints[0]?.why).toMatch(
      /^in use, with \d+ failures in a row, the last: 500$/,
    );
    bad.status = 200;
    await tally(torus, 1);
    const only = torus;
    const why = async (): Promise<string | undefined> => (await factsOf(only)).endpoints[0]?.why;
    await until(async () => (await why()) === 'it answers again');
    expect((await factsOf(torus)).endpoints[0]?.state).toBe('healthy');
    bad.status = 500;
    expect(
      await metricSum(torus, 'torus_outlier_ejections_spared_total', { reason: 'last-available' }),
    ).toBeGreaterThan(0);
    await torus.stop();
    torus = await start(urls(backends), { panicThreshold: '0%' });
    good.status = 500;
    await tally(torus, 30);
    const states = Object.values(await statesOf(torus));
    expect(states.sort()).toEqual(['ejected', 'failing']);
    expect((await tally(torus, 5))[500]).toBe(5);
  });

  it('is left alone when ejection is turned off', async () => {
    torus = await start(urls(backends), { outlierEjection: false });
    bad.status = 500;
    expect(await tally(torus, 30)).toEqual({ 500: 15, good: 15 });
    await untilState(torus, bad, 'failing');
    expect(await statesOf(torus)).toEqual({ [bad.address]: 'failing', [good.address]: 'healthy' });
    const labels = { upstream: 'main', endpoint: bad.address };
    expect(
      await metricSum(torus, 'torus_upstream_endpoint_failures_total', { ...labels, reason: '5xx' }),
    ).toBe(15);
    const line = await torus.waitForLog((at) => at['state'] === 'failing');
    expect(line).toMatchObject({
      level: 'warn',
      was: 'healthy',
      why: expect.stringMatching(/^\d+ failures in a row, the last: 500; ejection is off$/) as string,
    });
    bad.status = 200;
    await tally(torus, 2);
    await untilState(torus, bad, 'healthy');
  });
});

describe('many failing endpoints', () => {
  it('are ejected up to the configured share', async () => {
    const backends = await Promise.all(Array.from({ length: 10 }, (_, index) => startBackend(String(index))));
    const torus = await start(urls(backends), { outlierEjection: { consecutive5xx: 2, maxEjected: '30%' } });
    try {
      for (const backend of backends.slice(0, 6)) backend.status = 500;
      await tally(torus, 60);
      const states = Object.values(await statesOf(torus));
      expect(states.filter((state) => state === 'ejected')).toHaveLength(3);
      expect(
        await metricSum(torus, 'torus_outlier_ejections_spared_total', { reason: 'max-ejected' }),
      ).toBeGreaterThan(0);
    } finally {
      await torus.stop();
      await closeAll(backends);
    }
  });
});

describe('ejection beside active checks', () => {
  const checked = {
    outlierEjection: { consecutive5xx: 2, baseTime: '30s' },
    healthCheck: { http: '/healthz', interval: '300ms', healthyThreshold: 2, unhealthyThreshold: 1000 },
  };

  it('ends with passing checks when it was for connections, and not when it was for 5xx', async () => {
    const backends = await Promise.all([startBackend('bad'), startBackend('good')]);
    const [bad] = backends;
    const torus = await start(urls(backends), checked);
    try {
      await untilState(torus, bad, 'healthy');
      bad.status = 500;
      await askUntilEjected(torus, bad);
      const { checks } = bad;
      await until(() => bad.checks > checks + 5);
      expect((await statesOf(torus))[bad.address]).toBe('ejected');
    } finally {
      await torus.stop();
    }
    const again = await start(urls(backends), checked);
    try {
      await untilState(again, bad, 'healthy');
      bad.status = 0;
      bad.health = 0;
      await askUntilEjected(again, bad);
      bad.status = 200;
      bad.health = 200;
      await untilState(again, bad, 'healthy');
      expect(await ask(again)).toMatchObject({ status: 200 });
    } finally {
      await again.stop();
      await closeAll(backends);
    }
  });
});
