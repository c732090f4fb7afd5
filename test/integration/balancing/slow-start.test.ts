/** Endpoints that come later, or come back, get their share little by little; those of the start have it at once. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir, removeTempDir, startTorus, until } from '../../support/index.js';
import { closeAll, configFor, factsOf, startBackend, type Backend } from '../health/health-fixture.js';
import { askMany, countOf, fiveSigma } from './balancing-fixture.js';

const SLOW = { window: '10m', minWeight: '10%' };

describe('slowStart', () => {
  let old: Backend;
  let fresh: Backend;
  let dir: string;
  let file: string;

  const write = (...backends: readonly Backend[]): void => {
    writeFileSync(`${file}.new`, backends.map(({ upstream }) => `- ${upstream.url}\n`).join('') || '[]');
    renameSync(`${file}.new`, file);
  };

  beforeEach(async () => {
    [old, fresh] = await Promise.all([startBackend('old'), startBackend('fresh')]);
    dir = makeTempDir('slow-start');
    file = path.join(dir, 'endpoints.yaml');
  });

  afterEach(async () => {
    await closeAll([old, fresh]);
    removeTempDir(dir);
  });

  it.each(['random', 'round-robin', 'least-request'])(
    'gives an endpoint that was added a small share at first (%s)',
    async (balancer) => {
      write(old);
      const upstream = { discovery: { file }, balancer, slowStart: SLOW };
      await using torus = await startTorus({ config: configFor(upstream, { workers: 2 }) });
      write(old, fresh);
      await until(async () => (await factsOf(torus)).available === 2);
      await until(() => fresh.hits > 0 || askMany(torus, '/', 20).then(() => false), 10_000);
      const bodies = await askMany(torus, '/', 300);
      // Half of them without slow start. One part in eleven by weight; more where the others are busy, if that counts.
      const share = balancer === 'least-request' ? 2 / 11 : 1 / 11;
      expect(countOf(bodies, 'fresh')).toBeLessThan(300 * share + fiveSigma(300, share));
      expect(countOf(bodies, 'old') + countOf(bodies, 'fresh')).toBe(300);
    },
  );

  it('gives it its small share while requests come one by one, too', async () => {
    write(old);
    const upstream = { discovery: { file }, slowStart: SLOW };
    await using torus = await startTorus({ config: configFor(upstream) });
    write(old, fresh);
    await until(async () => (await factsOf(torus)).available === 2);
    await until(async () => countOf(await askMany(torus, '/', 1), 'fresh') === 1);
  });

  it('gives it its full share when the window is over', async () => {
    write(old);
    const upstream = { discovery: { file }, balancer: 'random', slowStart: { window: '500ms' } };
    await using torus = await startTorus({ config: configFor(upstream, { workers: 1 }) });
    write(old, fresh);
    await until(async () => (await factsOf(torus)).available === 2);
    const isWarm = async (): Promise<boolean> => {
      const { since = '' } =
        (await factsOf(torus)).endpoints.find(({ address }) => address === fresh.address) ?? {};
      return Date.now() - Date.parse(since) > 700;
    };
    await until(isWarm, 10_000);
    const bodies = await askMany(torus, '/', 300);
    expect(Math.abs(countOf(bodies, 'fresh') - 150)).toBeLessThan(fiveSigma(300, 0.5));
  });

  it('does not hold back the endpoints of the start', async () => {
    const endpoints = [old.upstream.url, fresh.upstream.url];
    const upstream = { endpoints, balancer: 'round-robin', slowStart: SLOW };
    await using torus = await startTorus({ config: configFor(upstream, { workers: 1 }) });
    expect(countOf(await askMany(torus, '/', 100), 'fresh')).toBe(50);
  });

  it('holds back an endpoint that recovered', async () => {
    const upstream = {
      endpoints: [old.upstream.url, fresh.upstream.url],
      balancer: 'random',
      panicThreshold: '0%',
      healthCheck: { http: '/healthz', interval: '500ms', unhealthyThreshold: 2, healthyThreshold: 1 },
      slowStart: SLOW,
    };
    await using torus = await startTorus({ config: configFor(upstream, { workers: 2 }) });
    fresh.health = 503;
    await until(async () => (await factsOf(torus)).available === 1);
    expect(countOf(await askMany(torus, '/', 40), 'old')).toBe(40);
    fresh.health = 200;
    await until(async () => (await factsOf(torus)).available === 2);
    const bodies = await askMany(torus, '/', 300);
    expect(countOf(bodies, 'fresh')).toBeLessThan(300 / 11 + fiveSigma(300, 1 / 11));
  });
});
