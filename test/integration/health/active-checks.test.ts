/** Active health checks: who is checked how, what verdicts do, and that they are one for all workers. */
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  freePort,
  makeCertificate,
  metricSum,
  startHttpUpstream,
  startTorus,
  until,
  type RunningTorus,
} from '../../support/index.js';
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

const FAST = { interval: '300ms', timeout: '300ms', healthyThreshold: 2, unhealthyThreshold: 2 };

describe('active checks over HTTP', () => {
  let a: Backend;
  let b: Backend;
  let torus: RunningTorus;

  beforeAll(async () => {
    [a, b] = await Promise.all([startBackend('a'), startBackend('b')]);
    torus = await startTorus({
      config: configFor(
        {
          endpoints: [a.upstream.url, b.upstream.url],
          healthCheck: {
            http: { path: '/healthz?deep=1', host: 'health.test', expect: [200, '204-206'] },
            ...FAST,
          },
          outlierEjection: false,
        },
        { workers: 2 },
      ),
    });
  });

  afterAll(async () => {
    expect(await torus.stop()).toEqual({ code: 0, signal: null });
    await closeAll([a, b]);
  });

  beforeEach(async () => {
    a.health = 200;
    b.health = 200;
    await untilState(torus, a, 'healthy');
    await untilState(torus, b, 'healthy');
  });

  it('ask for the configured path under the configured host, on connections that do not stay', async () => {
    await until(() => a.checks > 2);
    expect(a.lastCheck).toMatchObject({
      method: 'GET',
      url: '/healthz?deep=1',
      host: 'health.test',
      connection: 'close',
    });
    await a.upstream.whenOpenSockets(1);
  });

  it('are made once for the instance, however many workers there are', async () => {
    const before = a.checks;
    const startedAt = performance.now();
    await until(() => a.checks - before >= 10, 10_000);
    // 10 checks at 300 ms each, 10 % jitter: two workers that both check would take half of it.
    expect(performance.now() - startedAt).toBeGreaterThan(2_100);
  });

  it('take an endpoint out for all workers when they fail, say why, and bring it back when they pass', async () => {
    a.health = 503;
    await untilState(torus, a, 'unhealthy');
    await untilTally(torus, { b: 20 });
    const facts = (await factsOf(torus)).endpoints.find(({ address }) => address === a.address);
    expect(facts).toMatchObject({ available: false, why: 'check failed: 503' });
    expect(facts?.lastCheck).toMatchObject({ passed: false, detail: '503' });
    expect(facts?.lastCheck?.ageMs).toBeLessThan(2_000);
    await torus.waitForLog(
      (line) =>
        line['endpoint'] === a.address &&
        line['state'] === 'unhealthy' &&
        line['why'] === 'check failed: 503',
    );
    expect(await metricSum(torus, 'torus_upstream_endpoint_healthy', { endpoint: a.address })).toBe(0);
    expect(await metricSum(torus, 'torus_upstream_endpoints', { state: 'unhealthy' })).toBe(1);
    expect(await metricSum(torus, 'torus_health_checks_total', { result: 'failed' })).toBeGreaterThan(1);
    expect((await torus.admin('/readyz')).status).toBe(200);
    a.health = 204;
    await untilState(torus, a, 'healthy');
    expect(Object.keys(await tally(torus, 40)).sort()).toEqual(['a', 'b']);
  });

  it('need as many failures in a row as configured', async () => {
    const line = (): number =>
      torus.logs().filter((at) => at['endpoint'] === b.address && at['state'] === 'unhealthy').length;
    const before = line();
    // Every other one fails: never two in a row.
    for (let round = 0; round < 5; round += 1) {
      const { checks } = b;
      b.health = 500;
      await until(() => b.checks > checks);
      b.health = 200;
      const failed = b.checks;
      await until(() => b.checks > failed);
    }
    expect(line()).toBe(before);
  });

  it('fail an endpoint that does not answer in time, and one that breaks off', async () => {
    a.health = -1;
    await untilState(torus, a, 'unhealthy');
    expect((await factsOf(torus)).endpoints[0]?.lastCheck?.detail).toBe('timeout');
    a.health = 200;
    await untilState(torus, a, 'healthy');
    a.health = 0;
    await untilState(torus, a, 'unhealthy');
    expect((await factsOf(torus)).endpoints[0]?.lastCheck?.detail).toBe('ECONNRESET');
  });

  it('use all endpoints in panic, and none too few', async () => {
    a.health = 500;
    await untilState(torus, a, 'unhealthy');
    expect((await factsOf(torus)).panic).toBe(false);
    b.health = 500;
    await untilState(torus, b, 'unhealthy');
    expect(await factsOf(torus)).toMatchObject({ panic: true, available: 0, total: 2 });
    expect(Object.keys(await tally(torus, 40)).sort()).toEqual(['a', 'b']);
    expect(await metricSum(torus, 'torus_upstream_panic')).toBe(1);
    await torus.waitForLog('Upstream main is in panic');
    b.health = 200;
    await torus.waitForLog('Upstream main is out of panic');
    await untilState(torus, b, 'healthy');
    await untilTally(torus, { b: 20 });
  });

  it('are forgotten by no crash: the new worker knows what the old one knew', async () => {
    a.health = 500;
    await untilState(torus, a, 'unhealthy');
    const [first, second] = torus.workers();
    for (const pid of [first!, second!]) process.kill(pid, 'SIGKILL');
    await until(
      () => torus.workers().every((pid) => pid !== first && pid !== second) && torus.workers().length === 2,
    );
    await torus.ready();
    expect((await statesOf(torus))[a.address]).toBe('unhealthy');
    const before = a.hits;
    await untilTally(torus, { b: 20 });
    expect(a.hits).toBe(before);
  });

  it('end with the drain', async () => {
    const checked = await startBackend('checked');
    const other = await startTorus({
      config: configFor(
        { endpoints: [checked.upstream.url], healthCheck: { http: '/healthz', ...FAST } },
        { shutdown: { delay: '1s', timeout: '2s' } },
      ),
    });
    try {
      await until(() => checked.checks > 0);
      other.requestShutdown();
      await other.waitForLog('Draining');
      const [before, beat] = [checked.checks, a.checks];
      await until(() => a.checks > beat + 4);
      expect(checked.checks).toBe(before);
    } finally {
      await other.stop();
      await closeAll([checked]);
    }
  });
});

describe('the first check', () => {
  it('decides alone, and until it has ended the endpoint is used', async () => {
    const [up, down] = await Promise.all([startBackend('up'), startBackend('down')]);
    down.health = 500;
    const torus = await startTorus({
      config: configFor({
        endpoints: [up.upstream.url, down.upstream.url],
        healthCheck: { http: { path: '/healthz' }, interval: '1h', unhealthyThreshold: 5 },
      }),
    });
    try {
      await untilState(torus, down, 'unhealthy');
      await untilState(torus, up, 'healthy');
      await untilTally(torus, { up: 10 });
    } finally {
      await torus.stop();
      await closeAll([up, down]);
    }
  });

  it('keeps nobody from serving while it hangs', async () => {
    const slow = await startBackend('slow');
    slow.health = -1;
    const torus = await startTorus({
      config: configFor({
        endpoints: [slow.upstream.url],
        panicThreshold: '0%',
        healthCheck: { http: '/healthz', interval: '1m', timeout: '30s' },
      }),
    });
    try {
      expect((await factsOf(torus)).endpoints[0]).toMatchObject({ state: 'unknown', available: true });
      expect(await ask(torus)).toEqual({ status: 200, text: 'slow' });
    } finally {
      await torus.stop();
      await closeAll([slow]);
    }
  });
});

describe('without panic', () => {
  it('an upstream without a healthy endpoint is answered 503 with its cause', async () => {
    const only = await startBackend('only');
    only.health = 500;
    const torus = await startTorus({
      config: configFor({
        endpoints: [only.upstream.url],
        panicThreshold: 0,
        healthCheck: { http: '/healthz', ...FAST },
      }),
    });
    try {
      await untilState(torus, only, 'unhealthy');
      const answer = await ask(torus);
      expect(answer.status).toBe(503);
      expect(JSON.parse(answer.text)).toMatchObject({ cause: 'upstream.pick.none-available' });
      only.health = 200;
      await untilState(torus, only, 'healthy');
      expect((await ask(torus)).status).toBe(200);
    } finally {
      await torus.stop();
      await closeAll([only]);
    }
  });
});

describe('checks of other kinds', () => {
  it('reach https endpoints with the TLS settings of the upstream', async () => {
    const certificate = await makeCertificate(['api.internal'], []);
    const secure = await startHttpUpstream((_request, response) => void response.end('secure'), {
      tls: certificate,
    });
    const url = `https://127.0.0.1:${String(secure.port)}`;
    const address = `127.0.0.1:${String(secure.port)}`;
    const healthCheck = { http: '/healthz', ...FAST };
    const trusting = { ca: certificate.caFile, serverName: 'api.internal' };
    const [right, wrong] = await Promise.all([
      startTorus({ config: configFor({ endpoints: [url], healthCheck, tls: trusting }) }),
      startTorus({
        config: configFor({ endpoints: [url], healthCheck, tls: { ...trusting, serverName: 'x.test' } }),
      }),
    ]);
    try {
      await untilState(right, { address }, 'healthy');
      expect(await ask(right)).toEqual({ status: 200, text: 'secure' });
      await untilState(wrong, { address }, 'unhealthy');
      expect((await factsOf(wrong)).endpoints[0]?.lastCheck?.detail).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    } finally {
      await Promise.all([right.stop(), wrong.stop()]);
      await secure.close();
    }
  });

  it('speak HTTP/2 to upstreams that do', async () => {
    let status = 200;
    const server = createHttp2Server((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 200).end('h2');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const torus = await startTorus({
      config: configFor({
        endpoints: [`http://${address}`],
        protocol: 'http2',
        panicThreshold: '0%',
        healthCheck: { http: '/healthz', ...FAST },
      }),
    });
    try {
      await untilState(torus, { address }, 'healthy');
      expect(await ask(torus)).toEqual({ status: 200, text: 'h2' });
      status = 500;
      await untilState(torus, { address }, 'unhealthy');
      expect((await factsOf(torus)).endpoints[0]?.lastCheck?.detail).toBe('500');
      expect((await ask(torus)).status).toBe(503);
    } finally {
      await torus.stop();
      server.close();
    }
  });

  it('ask TCP endpoints for a connection, also at another port', async () => {
    const main = await startBackend('main');
    const port = await freePort();
    const torus = await startTorus({
      config: configFor({
        endpoints: [main.upstream.url],
        panicThreshold: '0%',
        healthCheck: { tcp: {}, port, ...FAST },
      }),
    });
    const probe = createTcpServer((socket) => socket.on('error', () => undefined).end());
    try {
      await untilState(torus, main, 'unhealthy');
      expect((await factsOf(torus)).endpoints[0]?.lastCheck?.detail).toBe('ECONNREFUSED');
      probe.listen(port, '127.0.0.1');
      await once(probe, 'listening');
      await untilState(torus, main, 'healthy');
      expect((await ask(torus)).status).toBe(200);
    } finally {
      await torus.stop();
      probe.close();
      await closeAll([main]);
    }
  });

  it('notice a process that is stopped but still accepts', async () => {
    const script = `require('node:http').createServer((q, r) => r.end('child')).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const address = `127.0.0.1:${line.toString().trim()}`;
    const other = await startBackend('other');
    const torus = await startTorus({
      config: configFor({
        endpoints: [`http://${address}`, other.upstream.url],
        healthCheck: { http: '/healthz', ...FAST },
      }),
    });
    try {
      await untilState(torus, { address }, 'healthy');
      child.kill('SIGSTOP');
      await untilState(torus, { address }, 'unhealthy');
      await untilTally(torus, { other: 10 });
      child.kill('SIGCONT');
      await untilState(torus, { address }, 'healthy');
      child.kill('SIGKILL');
      await untilState(torus, { address }, 'unhealthy');
      expect((await factsOf(torus)).endpoints[0]?.lastCheck?.detail).toBe('ECONNREFUSED');
      await untilTally(torus, { other: 10 });
    } finally {
      child.kill('SIGKILL');
      await torus.stop();
      await closeAll([other]);
    }
  });

  it('cope with many endpoints at once', async () => {
    let inFlight = 0;
    let most = 0;
    const many = await startHttpUpstream((_request, response) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      setTimeout(() => {
        inFlight -= 1;
        response.end('many');
      }, 20);
    });
    const endpoints = Array.from(
      { length: 400 },
      (_, index) =>
        `http://127.${String(1 + Math.floor(index / 200))}.0.${String(1 + (index % 200))}:${String(many.port)}`,
    );
    // Only 127.0.0.1 listens: the others refuse. One is right among 401.
    const torus = await startTorus({
      config: configFor({
        endpoints: [many.url, ...endpoints],
        panicThreshold: '0%',
        healthCheck: { http: '/healthz', interval: '2s' },
      }),
    });
    try {
      await until(async () => (await factsOf(torus)).available === 1, 10_000);
      await untilTally(torus, { many: 10 });
      expect(most).toBeLessThanOrEqual(64);
      expect(await metricSum(torus, 'torus_upstream_endpoints', { state: 'unhealthy' })).toBe(400);
    } finally {
      await torus.stop();
      await many.close();
    }
  });
});
