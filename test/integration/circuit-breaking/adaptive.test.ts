/** An upstream that gets slower the more it has to do gets no more than it can take; the rest is answered 503 at once. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  accessLine,
  metricSum,
  rawClient,
  startHttpUpstream,
  startTorus,
  until,
  whenNothingIsOpen,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

/** Requests the upstream serves side by side; each further one makes all of them slower. */
const CAPACITY = 8;
const BASE_MS = 10;
const CLIENTS = 60;

let upstream: TestUpstream;
let torus: RunningTorus;
let running = 0;
/** It takes requests, and never answers them. */
let hangs = false;
let most = 0;
/** While it is there, what the upstream was asked is answered when it says so. */
let held: Promise<void> | undefined;

beforeAll(async () => {
  upstream = await startHttpUpstream(async (_request, response) => {
    if (!hangs) running += 1;
    most = Math.max(most, running);
    if (hangs) return;
    await (held ?? delay(BASE_MS * Math.max(1, running / CAPACITY)));
    running -= 1;
    response.end('ok');
  });
  const route = (name: string): object => ({
    name,
    match: { host: `${name}.test`, path: '/*' },
    upstream: name,
  });
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: {
        adaptive: { endpoints: [upstream.url], adaptiveConcurrency: { min: 2, initial: 40, tolerance: 100 } },
        hanging: {
          endpoints: [upstream.url],
          adaptiveConcurrency: { min: 2, tolerance: 100 },
          outlierEjection: false,
        },
        plain: { endpoints: [upstream.url], adaptiveConcurrency: false },
      },
      routes: [route('adaptive'), route('plain'), { ...route('hanging'), timeouts: { request: '200ms' } }],
    },
  });
});

afterAll(async () => {
  await torus.stop();
  await upstream.close();
});

/** That many clients ask again and again until the time is up, each once at least. */
const load = async (host: string, clients: number, forMs: number): Promise<ReadResponse[]> => {
  const endAt = performance.now() + forMs;
  const responses: ReadResponse[] = [];
  const askOn = async (): Promise<void> => {
    await using client = await rawClient({ port: torus.port() });
    do {
      const response = await client.exchange(`GET /load HTTP/1.1\r\nHost: ${host}.test\r\n\r\n`);
      responses.push(response);
      // Who is sent away comes back later, as it was told.
      if (response.status === 503) await delay(BASE_MS);
    } while (performance.now() < endAt);
  };
  await Promise.all(Array.from({ length: clients }, askOn));
  return responses;
};

const statuses = (responses: readonly ReadResponse[]): number[] => [
  ...new Set(responses.map(({ status }) => status ?? 0)),
];

it('an upstream without it is given everything', async () => {
  let answer = (): void => undefined;
  held = new Promise((resolve) => (answer = resolve));
  const responses = load('plain', CLIENTS, 0);
  await until(() => running === CLIENTS);
  answer();
  held = undefined;
  expect(statuses(await responses)).toEqual([200]);
});

it('an overload makes the limit shrink: the rest is told to come back, and the upstream stays fast', async () => {
  const gauge = (): Promise<number> =>
    metricSum(torus, 'torus_upstream_concurrency_limit', { upstream: 'adaptive' });
  expect(await gauge()).toBe(40);
  // The latency without load.
  expect(statuses(await load('adaptive', 4, 600))).toEqual([200]);
  await load('adaptive', CLIENTS, 2_500);
  const limit = await gauge();
  expect(limit).toBeLessThan(36);
  most = 0;
  const responses = await load('adaptive', CLIENTS, 1_000);
  expect(statuses(responses).sort()).toEqual([200, 503]);
  expect(most).toBeLessThan(40);
  const refused = responses.find(({ status }) => status === 503)!;
  expect(JSON.parse(refused.text())).toMatchObject({ cause: 'upstream.limit.adaptive' });
  expect(refused.field('retry-after')).toBe('1');
  const labels = { upstream: 'adaptive', reason: 'adaptive' };
  expect(await metricSum(torus, 'torus_upstream_overflow_total', labels)).toBeGreaterThan(0);
  const line = await torus.waitForLog((at) => at['cause'] === 'upstream.limit.adaptive');
  expect(line).toMatchObject({ msg: 'access', status: 503, attempts: 1 });
});

it('an upstream that hangs makes the limit shrink too, although nobody waits for its answers', async () => {
  const gauge = (): Promise<number> =>
    metricSum(torus, 'torus_upstream_concurrency_limit', { upstream: 'hanging' });
  expect(statuses(await load('hanging', 4, 600))).toEqual([200]);
  const before = await gauge();
  hangs = true;
  const responses = await load('hanging', CLIENTS, 2_500);
  hangs = false;
  expect(statuses(responses).sort()).toEqual([503, 504]);
  expect(await gauge()).toBeLessThan(before / 3);
});

it('when the load is gone everybody is served again', async () => {
  expect(statuses(await load('adaptive', 2, 300))).toEqual([200]);
});

it('a reload begins anew, and what goes away with the old configuration does not take the gauge along', async () => {
  torus.signal('SIGHUP');
  await until(async () => (await metricSum(torus, 'torus_config_version')) === 2);
  expect(statuses(await load('adaptive', 1, 50))).toEqual([200]);
  expect(await metricSum(torus, 'torus_upstream_concurrency_limit', { upstream: 'adaptive' })).toBe(40);
});

it('after all these no exchange and no socket is left', async () => {
  upstream.resetAll();
  await whenNothingIsOpen(torus);
  await until(() => running === 0);
  expect((await accessLine(torus, '/load')).msg).toBe('access');
});
