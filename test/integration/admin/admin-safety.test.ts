/** Who may ask what of the admin API, by the place it is bound to: loopback, a unix socket, the network. */
import { request, type RequestOptions } from 'node:http';
import { request as requestSecure } from 'node:https';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import {
  makeCertificate,
  makeTempDir,
  runCli,
  startTorus,
  until,
  type RunningTorus,
  type TestCertificate,
} from '../../support/index.js';

interface Reply {
  readonly status: number;
  readonly body: string;
}

const TOKEN = 'a-token-of-the-admin-test';
const CONFIG = {
  workers: 1,
  listeners: [{ name: 'web', address: '127.0.0.1:0' }],
  upstreams: { app: { endpoints: [{ url: 'http://127.0.0.1:9' }] } },
  routes: [{ name: 'all', match: { path: '/*' }, upstream: 'app' }],
};

const ask = (options: RequestOptions & { ca?: string }, secure = false): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const sent = (secure ? requestSecure : request)({ agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject).end();
  });

const started = async (admin: object, extra: object = {}): Promise<RunningTorus> => {
  const torus = await startTorus({ config: { ...CONFIG, ...extra, admin }, waitUntilReady: false });
  await torus.waitForLog('Admin listening');
  return torus;
};

describe('the admin API on loopback', () => {
  it('answers a probe while somebody holds as many connections as it takes, and says nothing on them', async () => {
    await using torus = await startTorus({ config: { ...CONFIG, admin: { address: '127.0.0.1:0' } } });
    const port = torus.adminPort ?? 0;
    const silent = Array.from({ length: 80 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect(await ask({ port, path: '/readyz' })).toMatchObject({ status: 200 });
    silent.forEach((socket) => socket.destroy());
  });

  it('serves programs of this machine, and no page of another site', async () => {
    await using torus = await startTorus({ config: { ...CONFIG, admin: { address: '127.0.0.1:0' } } });
    const port = torus.adminPort;
    const post = (headers: Record<string, string>): Promise<Reply> =>
      ask({ port, path: '/log-level?level=debug', method: 'POST', headers });
    expect(await ask({ port, path: '/upstreams' })).toMatchObject({ status: 200 });
    expect(await ask({ port, path: '/upstreams', headers: { host: 'rebound.test' } })).toMatchObject({
      status: 421,
    });
    expect(await post({ origin: 'http://evil.test' })).toMatchObject({ status: 403 });
    expect(await post({ 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 });
    expect(await post({})).toMatchObject({ status: 200 });
    expect(
      await post({ origin: `http://localhost:${String(port)}`, host: `localhost:${String(port)}` }),
    ).toMatchObject({
      status: 200,
    });
  });

  it('changes nothing by GET', async () => {
    await using torus = await startTorus({ config: { ...CONFIG, admin: { address: '127.0.0.1:0' } } });
    const { body } = await ask({ port: torus.adminPort, path: '/' });
    const changing = body.split('\n').flatMap((line) => /^(?:POST|DELETE) +(\S+)/.exec(line)?.[1] ?? []);
    const reading = new Set(body.split('\n').flatMap((line) => /^GET +(\S+)/.exec(line)?.[1] ?? []));
    expect(changing).toContain('/log-level');
    for (const target of changing.filter((one) => !reading.has(one)))
      expect([
        target,
        (await ask({ port: torus.adminPort, path: target.replace(/:\w+$/, 'x') })).status,
      ]).toEqual([target, 405]);
  });

  it('asks for the token where there is one, but never of a probe', async () => {
    await using torus = await startTorus({
      config: { ...CONFIG, admin: { address: '127.0.0.1:0', token: '${ADMIN_TOKEN}' } },
      env: { ADMIN_TOKEN: TOKEN },
    });
    const get = (target: string, authorization?: string): Promise<Reply> =>
      ask({
        port: torus.adminPort,
        path: target,
        headers: authorization === undefined ? {} : { authorization },
      });
    expect((await get('/readyz')).status).toBe(200);
    expect((await get('/livez')).status).toBe(200);
    for (const target of ['/metrics', '/upstreams']) {
      expect((await get(target)).status).toBe(401);
      expect((await get(target, `Bearer ${TOKEN}x`)).status).toBe(401);
      expect((await get(target, `Bearer ${TOKEN}`)).status).toBe(200);
    }
    expect(torus.log.tail(1000)).not.toContain(TOKEN);
    const admin = `127.0.0.1:${String(torus.adminPort)}`;
    expect(await runCli(['upstreams', '--admin', admin])).toMatchObject({ status: 2, stdout: '' });
    const shown = await runCli(['upstreams', '--admin', admin], { env: { TORUS_ADMIN_TOKEN: TOKEN } });
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^UPSTREAM +ENDPOINT .*\napp +127\.0\.0\.1:9 +/);
  });
});

describe('the admin API on a unix socket', () => {
  it('is for its owner alone, serves commands, and takes over the socket of a killed instance', async () => {
    const socketPath = path.join(makeTempDir('socket'), 'admin.sock');
    const admin = { address: `unix:${socketPath}` };
    const first = await started(admin);
    expect(statSync(socketPath).mode & 0o077).toBe(0);
    expect((await ask({ socketPath, path: '/livez' })).status).toBe(200);
    first.killGroup();
    await first.exit;
    await using second = await started(admin);
    expect(second.logs().map(({ msg }) => msg)).toContainEqual(
      expect.stringContaining('did not end cleanly'),
    );
    await until(async () => (await ask({ socketPath, path: '/readyz' })).status === 200);
    const level = await runCli(['log-level', 'debug', '--admin', `unix:${socketPath}`]);
    expect(level).toMatchObject({ status: 0, stdout: 'worker 1: info -> debug\n' });
  });

  it('does not take the socket of an instance that lives', async () => {
    const socketPath = path.join(makeTempDir('socket'), 'admin.sock');
    await using first = await started({ address: `unix:${socketPath}` });
    const second = await startTorus({
      config: { ...CONFIG, admin: { address: `unix:${socketPath}` } },
      waitUntilReady: false,
    });
    expect((await second.exit).code).toBe(1);
    expect(second.logs().map(({ msg }) => msg)).toContainEqual(
      `Listener admin cannot bind unix:${socketPath}: address already in use`,
    );
    await second.stop();
    expect((await ask({ socketPath, path: '/livez' })).status).toBe(200);
    expect(first.workers()).toHaveLength(1);
  });
});

describe('the admin API on the network', () => {
  let certificate: TestCertificate;
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((at) => at?.family === 'IPv4' && !at.internal)?.address;

  beforeAll(async () => {
    certificate = await makeCertificate();
  });

  it('answers probes and metrics only, where there is no token', async () => {
    await using torus = await started({ address: '0.0.0.0:0' });
    const get = (target: string): Promise<Reply> =>
      ask({ host: outside ?? '127.0.0.1', port: torus.adminPort, path: target });
    await until(async () => (await get('/readyz')).status === 200);
    expect((await get('/metrics')).status).toBe(200);
    expect(await get('/upstreams')).toMatchObject({
      status: 403,
      body: expect.stringContaining('admin.token') as string,
    });
    expect(torus.logs().map(({ msg }) => msg)).toContainEqual(expect.stringContaining('open to a network'));
  });

  it('is served with a token over TLS, by the name of any host', async () => {
    const tls = { cert: certificate.certFile, key: certificate.keyFile };
    const config = { ...CONFIG, admin: { address: '0.0.0.0:0', token: TOKEN, tls } };
    await using torus = await startTorus({ config, waitUntilReady: false });
    await torus.waitForLog('Admin listening');
    const get = (headers: Record<string, string>): Promise<Reply> =>
      ask(
        { host: '127.0.0.1', port: torus.adminPort, path: '/upstreams', headers, ca: certificate.caPem },
        true,
      );
    expect((await get({ host: 'gateway.example.test' })).status).toBe(401);
    expect((await get({ host: 'gateway.example.test', authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    const shown = await runCli(
      ['upstreams', '--json', '--admin', `https://localhost:${String(torus.adminPort)}`],
      {
        env: { TORUS_ADMIN_TOKEN: TOKEN, NODE_EXTRA_CA_CERTS: certificate.caFile },
      },
    );
    expect(shown.stderr).toBe('');
    expect(JSON.parse(shown.stdout)).toMatchObject({ upstreams: [{ name: 'app' }] });
  });

  it.each([
    [{ address: '0.0.0.0:0', token: TOKEN }, 'admin.token: would cross the network in clear text'],
    [{ address: '127.0.0.1:0', token: 'short' }, 'must have at least 16 characters'],
    [{ address: 'unix:' }, 'must name a path after unix:'],
  ])('refuses %j', async (admin, problem) => {
    const torus = await startTorus({ config: { ...CONFIG, admin }, waitUntilReady: false });
    expect((await torus.exit).code).toBe(1);
    expect(torus.log.tail()).toContain(problem);
    await torus.stop();
  });
});

describe('a command for a running instance', () => {
  it('says where it looked when nobody answers there', async () => {
    const { status, stderr } = await runCli(['upstreams', '--admin', '127.0.0.1:9']);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('no instance answers at 127.0.0.1:9: connect ECONNREFUSED') as string,
    });
  });

  it('finds the instance by the configuration file', async () => {
    const socketPath = path.join(makeTempDir('socket'), 'a.sock');
    await using torus = await started({ address: `unix:${socketPath}` });
    const args = readFileSync(`/proc/${String(torus.pid)}/cmdline`, 'utf8').split('\0');
    const file = args[args.indexOf('--config') + 1] ?? '';
    await until(async () => (await ask({ socketPath, path: '/readyz' })).status === 200);
    expect(await runCli(['upstreams', '--config', file])).toMatchObject({ status: 0, stderr: '' });
  });
});
