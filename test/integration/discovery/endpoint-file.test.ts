/** Endpoints from a file: what is read, how changes are noticed, and that bad content changes nothing. */
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeTempDir, metricSum, startTorus, until, type RunningTorus } from '../../support/index.js';
import {
  ask,
  closeAll,
  configFor,
  factsOf,
  startBackend,
  tally,
  untilTally,
  type Backend,
} from '../health/health-fixture.js';

describe('endpoints from a file', () => {
  let a: Backend;
  let b: Backend;
  let dir: string;
  let file: string;
  let torus: RunningTorus;

  const write = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const list = (...backends: readonly Backend[]): string =>
    backends.map(({ upstream }) => `- ${upstream.url}\n`).join('');
  const untilTotal = (total: number): Promise<unknown> =>
    until(
      async () => (await factsOf(torus)).total === total,
      5_000,
      `${String(total)} endpoints\n${torus.log.tail()}`,
    );
  const begin = async (upstream: object = {}): Promise<void> => {
    const discovery = { file };
    torus = await startTorus({
      config: configFor({ discovery, balancer: 'round-robin', ...upstream }, { workers: 2 }),
    });
  };

  beforeEach(async () => {
    [a, b] = await Promise.all([startBackend('a'), startBackend('b')]);
    dir = makeTempDir('endpoints');
    file = path.join(dir, 'endpoints.yaml');
  });

  afterEach(async () => {
    expect(await torus.stop()).toEqual({ code: 0, signal: null });
    await closeAll([a, b]);
  });

  it('are used, followed when the file is replaced, and drained when they are gone from it', async () => {
    write(list(a));
    await begin();
    expect(await tally(torus, 4)).toEqual({ a: 4 });
    const held = fetch(`${torus.url()}/hold`);
    await until(() => a.held.length === 1);
    write(`# moved\n${list(b)}`);
    await until(async () => (await factsOf(torus)).endpoints[0]?.address === b.address);
    await untilTally(torus, { b: 6 });
    expect((await factsOf(torus)).endpoints).toMatchObject([
      { address: b.address, state: 'healthy', active: 0 },
      { address: a.address, state: 'draining', active: 1, connections: 1 },
    ]);
    a.held[0]!.end('late');
    expect(await (await held).text()).toBe('late');
    await a.upstream.whenOpenSockets(0);
    await until(async () => (await factsOf(torus)).endpoints.length === 1);
    await torus.waitForLog(
      (line) => line.msg === 'Endpoints of upstream main changed' && String(line['added']) === b.address,
    );
  });

  it('may have weights, stand under the key endpoints, and be none', async () => {
    write(`endpoints:\n  - { url: "${a.upstream.url}", weight: 3 }\n  - ${b.upstream.url}\n`);
    await begin();
    expect((await factsOf(torus)).endpoints.map(({ weight }) => weight)).toEqual([3, 1]);
    write(`[{"url":"${a.upstream.url}","weight":1},"${b.upstream.url}"]`);
    await until(async () => (await factsOf(torus)).endpoints[0]?.weight === 1);
    expect(Object.keys(await tally(torus, 10)).sort()).toEqual(['a', 'b']);
    write('[]');
    await untilTotal(0);
    const answer = await ask(torus);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({ cause: 'upstream.pick.none-available' });
    write(list(a));
    await untilTotal(1);
    expect((await ask(torus)).text).toBe('a');
  });

  it('stay as they are when the new content is bad, with a warning that says where', async () => {
    write(list(a, b));
    await begin();
    write(`- ${a.upstream.url}\n- http://127.0.0.1\n- { url: "${b.upstream.url}", wieght: 2 }\n`);
    const line = await torus.waitForLog((at) => at.msg.includes('endpoints.yaml:3'));
    expect(line.msg).toContain('endpoints[2].wieght: unknown key (did you mean "weight"?)');
    expect((await factsOf(torus)).source).toMatchObject({
      kind: 'file',
      problem: expect.stringContaining(':3'),
    });
    writeFileSync(file, '');
    await until(
      async () => (await metricSum(torus, 'torus_endpoint_file_reads_total', { result: 'bad' })) >= 2,
    );
    writeFileSync(file, '- {');
    await until(
      async () => (await metricSum(torus, 'torus_endpoint_file_reads_total', { result: 'bad' })) >= 3,
    );
    unlinkSync(file);
    await torus.waitForLog((at) => at.msg.includes('does not exist'));
    expect((await factsOf(torus)).total).toBe(2);
    expect(Object.keys(await tally(torus, 10)).sort()).toEqual(['a', 'b']);
    write(list(b));
    await untilTotal(1);
    expect((await factsOf(torus)).source.problem).toBeUndefined();
  });

  it('are found later when the file is not there at the start', async () => {
    await begin();
    expect((await ask(torus)).status).toBe(503);
    expect((await torus.admin('/readyz')).status).toBe(200);
    await torus.waitForLog(/endpoints\.yaml does not exist/);
    write(list(a));
    await untilTotal(1);
    expect((await ask(torus)).text).toBe('a');
  });

  it('follow the link that Kubernetes swaps when a ConfigMap changes', async () => {
    const version = (name: string, text: string): void => {
      mkdirSync(path.join(dir, name));
      writeFileSync(path.join(dir, name, 'endpoints.yaml'), text);
      symlinkSync(name, path.join(dir, '..data_tmp'));
      renameSync(path.join(dir, '..data_tmp'), path.join(dir, '..data'));
    };
    version('..2026_01', list(a));
    symlinkSync('..data/endpoints.yaml', file);
    await begin();
    expect((await ask(torus)).text).toBe('a');
    version('..2026_02', list(b));
    rmSync(path.join(dir, '..2026_01'), { recursive: true });
    await until(async () => (await factsOf(torus)).endpoints[0]?.address === b.address);
    await untilTally(torus, { b: 4 });
  });

  it('are followed into another directory of the same name', async () => {
    write(list(a));
    await begin();
    renameSync(dir, `${dir}.old`);
    mkdirSync(dir);
    write(list(b));
    await until(async () => (await factsOf(torus)).endpoints[0]?.address === b.address, 10_000);
    // Sooner than it is looked at without a reason.
    write(list(a));
    await until(async () => (await factsOf(torus)).endpoints[0]?.address === a.address, 2_500);
    rmSync(`${dir}.old`, { recursive: true });
  });

  it('keep their states when the file or the configuration is read again', async () => {
    write(list(a, b));
    await begin({ healthCheck: { http: '/healthz', interval: '300ms', unhealthyThreshold: 1 } });
    a.health = 500;
    await until(async () => (await factsOf(torus)).endpoints[0]?.state === 'unhealthy');
    await untilTally(torus, { b: 10 });
    const seen = torus.logs().filter((line) => line['endpoint'] === a.address).length;
    const { hits } = a;
    write(list(b, a));
    await until(async () => (await factsOf(torus)).endpoints[0]?.address === b.address);
    torus.signal('SIGHUP');
    await torus.waitForLog('Configuration applied');
    expect(await tally(torus, 10)).toEqual({ b: 10 });
    expect((await factsOf(torus)).endpoints[1]).toMatchObject({ address: a.address, state: 'unhealthy' });
    expect(a.hits).toBe(hits);
    // Not one change of its state in between.
    expect(torus.logs().filter((line) => line['endpoint'] === a.address)).toHaveLength(seen);
  });

  it('are followed by a configuration that moves from a file to a list, and back', async () => {
    write(list(a));
    const config = path.join(dir, 'torus.yaml');
    const put = (main: object): void =>
      writeFileSync(config, JSON.stringify(configFor(main, { workers: 2 })));
    put({ discovery: { file: 'endpoints.yaml' } });
    torus = await startTorus({ cwd: dir });
    expect((await ask(torus)).text).toBe('a');
    const applied = (): number => torus.logs().filter(({ msg }) => msg === 'Configuration applied').length;
    const held = fetch(`${torus.url()}/hold`);
    await until(() => a.held.length === 1);
    put({ endpoints: [b.upstream.url] });
    torus.signal('SIGHUP');
    await until(() => applied() === 1);
    expect((await factsOf(torus)).endpoints).toMatchObject([
      { address: b.address, state: 'healthy' },
      { address: a.address, state: 'draining', active: 1 },
    ]);
    a.held[0]!.end('late');
    expect(await (await held).text()).toBe('late');
    await untilTally(torus, { b: 4 });
    expect((await factsOf(torus)).source).toEqual({ kind: 'static' });
    put({ discovery: { file: 'endpoints.yaml' } });
    torus.signal('SIGHUP');
    await until(() => applied() === 2);
    await untilTally(torus, { a: 4 });
    write(list(b));
    await until(async () => (await factsOf(torus)).endpoints[0]?.address === b.address);
    await untilTally(torus, { b: 4 });
  });
});
