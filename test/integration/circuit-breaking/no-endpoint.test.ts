/** What a limit on the requests of each endpoint means while there is no endpoint, and when there is one again. */
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir, metricSum, removeTempDir, startTorus, until } from '../../support/index.js';
import { ask, closeAll, configFor, factsOf, startBackend, type Backend } from '../health/health-fixture.js';

describe('pool.maxRequests', () => {
  let backends: Backend[];
  let dir: string;
  let file: string;

  const write = (...listed: readonly Backend[]): void => {
    writeFileSync(`${file}.new`, JSON.stringify(listed.map(({ upstream }) => upstream.url)));
    renameSync(`${file}.new`, file);
  };
  const configured = (): object =>
    configFor({
      discovery: { file },
      pool: { maxRequests: 1 },
      limits: { maxPending: 10, pendingTimeout: '10s' },
    });

  beforeEach(async () => {
    backends = await Promise.all([startBackend('a'), startBackend('b')]);
    dir = makeTempDir('no-endpoint');
    file = path.join(dir, 'endpoints.json');
  });

  afterEach(async () => {
    await closeAll(backends);
    removeTempDir(dir);
  });

  it('lets nobody wait while the upstream has no endpoint: 503 at once, and served again with the first one', async () => {
    write();
    await using torus = await startTorus({ config: configured() });
    const refused = await ask(torus);
    expect(refused.status).toBe(503);
    expect(refused.text).toContain('upstream.pick.none-available');
    write(backends[0]!);
    await until(async () => (await factsOf(torus)).total === 1);
    expect((await ask(torus)).status).toBe(200);
  });

  it('lets those that wait go on as soon as an endpoint comes', async () => {
    const [first, second] = backends as [Backend, Backend];
    write(first);
    await using torus = await startTorus({ config: configured() });
    const held = ask(torus, '/hold');
    await until(() => first.held.length === 1);
    const waiting = ask(torus);
    await until(async () => (await metricSum(torus, 'torus_upstream_pending')) === 1);
    write(first, second);
    expect(await waiting).toEqual({ status: 200, text: 'b' });
    first.held[0]!.end('a');
    expect((await held).status).toBe(200);
  });

  it('answers all that wait when the last endpoint goes', async () => {
    const [first] = backends as [Backend];
    write(first);
    await using torus = await startTorus({ config: configured() });
    const held = ask(torus, '/hold');
    await until(() => first.held.length === 1);
    const waiting = Array.from({ length: 10 }, () => ask(torus));
    await until(async () => (await metricSum(torus, 'torus_upstream_pending')) === 10);
    write();
    for (const { status, text } of await Promise.all(waiting)) {
      expect(status).toBe(503);
      expect(text).toContain('upstream.pick.none-available');
    }
    first.held[0]!.end('a');
    expect((await held).status).toBe(200);
    expect(await metricSum(torus, 'torus_upstream_pending')).toBe(0);
  });
});
