/** How retries and limits are written, and what contradicts itself. */
import { errorsOf, snapshotOf, Workspace } from '../configuration-fixture.js';

const workspace = new Workspace();
afterAll(() => workspace.dispose());

const text = (retry: string, upstream = ''): string =>
  [
    'listeners: [{ name: plain, address: "127.0.0.1:0" }]',
    'upstreams:',
    `  u: { endpoints: ["http://127.0.0.1:9000"]${upstream === '' ? '' : `, ${upstream}`} }`,
    'routes:',
    `  - { name: r, match: { path: /* }, upstream: u${retry === '' ? '' : `, retry: ${retry}`} }`,
    '',
  ].join('\n');

const retryOf = async (retry: string) => snapshotOf(await workspace.yaml(text(retry))).routes[0]!.retry;
const upstreamOf = async (options: string) =>
  snapshotOf(await workspace.yaml(text('', options))).upstreams[0]!;
const errors = async (retry: string, upstream?: string): Promise<string[]> =>
  errorsOf(await workspace.yaml(text(retry, upstream))).map((line) => line.replace(/^torus.yaml:\d+: /, ''));

describe('retry', () => {
  it.each([
    ['{ on: [5xx, reset] }', ['5xx', 'reset'], []],
    ['{ retryOn: [gateway-error] }', ['gateway-error'], []],
    ['{ on: 5xx }', ['5xx'], []],
    ['{ on: 503 }', [], [503]],
    ['{ on: "connect-failure, 503,429" }', ['connect-failure'], [503, 429]],
    ['{ on: [per-try-timeout, timeout, "504", 504] }', ['timeout'], [504]],
    ['{ on: [] }', [], []],
    ['{}', ['connect-failure', 'refused-stream'], []],
  ])('%s is tried again on %j and %j', async (retry, on, statuses) => {
    expect(await retryOf(retry)).toMatchObject({ on, statuses });
  });

  it('is off when it is false', async () => {
    expect(await retryOf('false')).toBeUndefined();
  });

  it.each([
    ['{ on: [5xxx] }', 'on'],
    ['{ on: [302] }', 'on'],
    ['{ on: ["reset,"] }', 'on'],
    ['{ on: [reset], retryOn: [reset] }', 'retryOn'],
    ['{ attempts: 11 }', 'attempts'],
    ['{ attempts: 0, on: [reset] }', 'attempts'],
    ['{ attempts: 0, perTryTimeout: 1s }', 'perTryTimeout'],
    ['{ backoff: { base: 1s, max: 100ms } }', 'backoff.max'],
    ['{ hedge: {} }', 'hedge.after'],
    ['{ hedge: { after: 0s } }', 'hedge.after'],
    ['{ buffer: 64MiB }', 'buffer'],
    ['true', 'retry'],
  ])('%s is an error at %s', async (retry, place) => {
    const [first = '', ...others] = await errors(retry);
    expect(first).toContain(`${place === 'retry' ? '' : 'retry.'}${place}`);
    expect(others).toEqual([]);
  });
});

describe('limits', () => {
  it('of the adaptive kind are off, on with defaults, or as written', async () => {
    expect((await upstreamOf('')).adaptiveConcurrency).toBeUndefined();
    expect((await upstreamOf('adaptiveConcurrency: false')).adaptiveConcurrency).toBeUndefined();
    expect((await upstreamOf('adaptiveConcurrency: true')).adaptiveConcurrency).toEqual({
      min: 3,
      max: 1000,
      initial: 20,
      sampleWindowMs: 100,
      minRttIntervalMs: 60_000,
      jitter: 0.15,
      tolerance: 0.25,
    });
    expect((await upstreamOf('adaptiveConcurrency: { max: 50 }')).adaptiveConcurrency).toMatchObject({
      max: 50,
    });
  });

  it.each([
    ['adaptiveConcurrency: { min: 10, max: 5 }', 'adaptiveConcurrency.max'],
    ['adaptiveConcurrency: { initial: 2 }', 'adaptiveConcurrency.initial'],
    ['limits: { maxRequests: 0 }', 'limits.maxRequests'],
    ['limits: { pendingTimeout: 0s }', 'limits.pendingTimeout'],
    ['limits: { maxRequest: 5 }', 'limits.maxRequest'],
    ['retryBudget: { percent: 101 }', 'retryBudget.percent'],
  ])('%s is an error at %s', async (upstream, place) => {
    const [first = ''] = await errors('', upstream);
    expect(first).toContain(place);
  });
});
