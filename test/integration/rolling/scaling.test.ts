/** `workers: { min, max }`: the number of workers follows what they hold, and going down loses nothing. */
import {
  metricSum,
  rawClient,
  requestHead,
  until,
  type RawClient,
  type TestUpstream,
} from '../../support/index.js';
import { sendStrangers, startRolling, startUpstreams, type Rolling } from './rolling-fixture.js';

let upstreams: { readonly plain: TestUpstream; readonly echo: TestUpstream };
let rolling: Rolling;

beforeAll(async () => {
  upstreams = await startUpstreams();
});
afterAll(() => Promise.all([upstreams.plain.close(), upstreams.echo.close()]));
afterEach(() => rolling.stop());

const bounds = (more: object = {}): object => ({
  ...{ min: 1, max: 2, sockets: 10, interval: '200ms', upAfter: '600ms', downAfter: '1s', cooldown: '1s' },
  // Other load on the machine must not count here.
  ...{ loopDelay: '20s', heap: '100%' },
  ...more,
});

const wanted = (): Promise<number> => metricSum(rolling.torus, 'torus_workers_wanted');

const hold = (count: number): Promise<RawClient[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const client = await rawClient({ port: rolling.torus.port() });
      expect((await client.exchange(requestHead('GET /'))).status).toBe(200);
      return client;
    }),
  );

describe('workers: { min, max }', () => {
  it('grows while many connections are held, shrinks when they have gone, and loses no request', async () => {
    rolling = await startRolling(upstreams, { workers: bounds() }, 1);
    const { torus } = rolling;
    expect(await wanted()).toBe(1);
    const strangers = sendStrangers(torus.port(), 2);
    const held = await hold(30);
    const more = await torus.waitForLog('One worker more', 20_000);
    expect(more).toMatchObject({ from: 1, to: 2, signal: 'sockets' });
    expect(more['percentOfLimit']).toBeGreaterThanOrEqual(300);
    await until(() => rolling.readyPids().length === 2, 20_000, 'a second worker');
    // 30 and more connections on two workers are still too many, but there may not be a third one.
    const samples = torus.logs().length;
    await Promise.all(held.map((client) => client.close()));
    await torus.waitForLog('One worker less', 20_000);
    await until(() => torus.workers().length === 1, 20_000, 'one worker');
    expect(await wanted()).toBe(1);
    const asked = strangers.asked;
    await until(() => strangers.asked > asked + 20);
    expect(await strangers.stop()).toEqual([]);
    expect(await metricSum(torus, 'torus_worker_scalings_total', { direction: 'up' })).toBe(1);
    expect(await metricSum(torus, 'torus_worker_scalings_total', { direction: 'down' })).toBe(1);
    expect(
      torus
        .logs()
        .slice(samples)
        .filter(({ msg }) => msg === 'One worker more'),
    ).toEqual([]);
  }, 60_000);

  it('grows when event loops are late', async () => {
    rolling = await startRolling(upstreams, { workers: bounds({ loopDelay: '1ms', downAfter: '1h' }) }, 1);
    const strangers = sendStrangers(rolling.torus.port(), 4);
    const more = await rolling.torus.waitForLog('One worker more', 20_000);
    expect(more['signal']).toBe('loop-delay');
    await strangers.stop();
  }, 45_000);

  it('is changed by a reload, and a fixed number takes its place', async () => {
    rolling = await startRolling(upstreams, { workers: bounds({ max: 4 }) }, 1);
    const { torus } = rolling;
    const strangers = sendStrangers(torus.port(), 2);
    await rolling.reload({ workers: bounds({ min: 3, max: 4 }) });
    await until(() => rolling.readyPids().length === 3, 30_000, 'three workers');
    await rolling.reload({ workers: 1 });
    await until(() => torus.workers().length === 1, 30_000, 'one worker');
    expect(await strangers.stop()).toEqual([]);
    expect(await wanted()).toBe(1);
  }, 60_000);
});
