/** SIGHUP: a new configuration takes over without a failed request, and a bad one changes nothing. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  makeTempDir,
  rawClient,
  requestHead,
  startEchoTunnel,
  startHttpUpstream,
  startTorus,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { isAnswered, startLoad } from '../../support/steady-load.js';
import { configFor } from '../rolling/rolling-fixture.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const HAS_ROUND_ROBIN = major > 23 || (major === 22 && minor >= 12) || (major === 23 && minor >= 1);

describe('a reload', () => {
  const dir = makeTempDir('reload');
  let torus: RunningTorus;
  let blue: TestUpstream;
  let green: TestUpstream;
  let echoing: TestUpstream;

  beforeAll(async () => {
    blue = await startHttpUpstream((_request, response) => void response.end('blue'));
    green = await startHttpUpstream((_request, response) => void response.end('green'));
    echoing = await startEchoTunnel();
    write(blue);
    torus = await startTorus({ cwd: dir });
  });

  afterAll(async () => {
    expect(await torus.stop()).toEqual({ code: 0, signal: null });
    await Promise.all([blue.close(), green.close(), echoing.close()]);
  });

  const write = (upstream: TestUpstream, extra: object = {}): void => {
    const config = configFor({ plain: upstream, echo: echoing }, extra);
    writeFileSync(path.join(dir, 'torus.yaml'), JSON.stringify(config, null, 2));
  };

  const appliedLines = (): number => torus.logs().filter(({ msg }) => msg === 'Configuration applied').length;

  const reload = async (): Promise<void> => {
    const before = appliedLines();
    torus.signal('SIGHUP');
    await until(() => appliedLines() > before, 10_000, `a reload\n${torus.log.tail()}`);
  };

  const metric = async (name: string): Promise<number> => {
    const text = await (await torus.admin('/metrics')).text();
    const line = text.split('\n').find((at) => at.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  };

  const answer = async (): Promise<string> => {
    const client = await rawClient({ port: torus.port() });
    const response = await client.exchange(requestHead('GET /'));
    await client.close();
    return response.text();
  };

  it('changes the routes of every worker, keeps open tunnels, and then lets go of the old upstreams', async () => {
    const socket = await rawClient({ port: torus.port() });
    await socket.send(requestHead('GET /socket', 'Connection: Upgrade', 'Upgrade: websocket'));
    await socket.readUntil('\r\n\r\n');
    const kept = await rawClient({ port: torus.port() });
    expect((await kept.exchange(requestHead('GET /'))).text()).toBe('blue');
    write(green);
    await reload();
    expect((await kept.exchange(requestHead('GET /'))).text()).toBe('green');
    for (let round = 0; round < 6; round += 1) expect(await answer()).toBe('green');
    await socket.send('still here');
    expect((await socket.readBytes(10)).toString()).toBe('still here');
    await Promise.all([socket.close(), kept.close()]);
    await Promise.all([blue.whenOpenSockets(0), echoing.whenOpenSockets(0)]);
    expect(await metric('torus_config_version')).toBe(2);
    expect(await metric('torus_config_reloads_total{result="applied"}')).toBe(1);
  });

  it('keeps what serves when the file is bad, and says where', async () => {
    writeFileSync(
      path.join(dir, 'torus.yaml'),
      'workers: 2\nroutes:\n  - name: all\n    match: { pth: /* }\n',
    );
    torus.signal('SIGHUP');
    const problem = await torus.waitForLog(/torus\.yaml:4: .*pth/);
    expect(problem.level).toBe('error');
    await torus.waitForLog('The new configuration is bad. The old one stays');
    expect(await answer()).toBe('green');
    expect(await metric('torus_config_version')).toBe(2);
    expect(await metric('torus_config_reloads_total{result="rejected"}')).toBe(1);
  });

  it('leaves out what needs a restart, says so, and applies the rest', async () => {
    const pids = torus.workers();
    write(blue, { accept: 'round-robin', admin: { address: '127.0.0.1:1' } });
    await reload();
    const warning = await torus.waitForLog('need a restart and are left out');
    expect(warning['needRestart']).toEqual(HAS_ROUND_ROBIN ? ['accept', 'admin'] : ['admin']);
    expect(torus.workers()).toEqual(pids);
    expect(await answer()).toBe('blue');
  });

  it('is what a worker forked later begins with', async () => {
    write(green);
    await reload();
    for (const pid of torus.workers()) {
      const restarts = await metric('torus_worker_restarts_total');
      process.kill(pid, 'SIGKILL');
      await until(async () => (await metric('torus_worker_restarts_total')) > restarts);
      await until(async () => (await metric('torus_workers{phase="ready"}')) === 2, 10_000);
    }
    for (let round = 0; round < 6; round += 1) expect(await answer()).toBe('green');
  });

  it('costs no request, twenty times in a row under load', async () => {
    const load = startLoad({ port: torus.port(), clients: 8 });
    for (let round = 0; round < 20; round += 1) {
      write(round % 2 === 0 ? blue : green);
      await reload();
    }
    await until(() => load.outcomes.length > 100);
    const outcomes = await load.stop();
    expect(outcomes.filter((outcome) => !isAnswered(outcome))).toEqual([]);
    expect(new Set(outcomes.map(({ response }) => response?.text()))).toEqual(new Set(['blue', 'green']));
    expect(torus.workers()).toHaveLength(2);
  });
});

describe('a reload and a shutdown at once', () => {
  it('end with exit code 0', async () => {
    const torus = await startTorus({
      config: {
        workers: 2,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        routes: [
          { name: 'all', match: { path: '/*' }, filters: [{ redirect: { status: 302, location: '/x' } }] },
        ],
      },
    });
    torus.signal('SIGHUP');
    torus.signal('SIGTERM');
    torus.signal('SIGHUP');
    expect(await torus.exit).toEqual({ code: 0, signal: null });
    expect(torus.logs().at(-1)?.msg).toBe('All workers stopped. Primary exiting with code 0.');
    await torus.stop();
  });
});
