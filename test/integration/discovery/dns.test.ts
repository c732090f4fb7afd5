/** Endpoints from DNS, judged with a real dnsmasq: TTLs, failures, empty answers, SRV, and names in TLS. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  describeWithDnsmasq,
  makeCertificate,
  metricSum,
  startDnsmasq,
  startTorus,
  until,
  type Dnsmasq,
  type RunningTorus,
} from '../../support/index.js';
import { ask, configFor, factsOf, tally, untilTally } from '../health/health-fixture.js';

const FAST = { minTtl: '100ms', timeout: '300ms' };

describeWithDnsmasq('endpoints from DNS', () => {
  const servers: Server[] = [];
  let port = 0;
  let dns: Dnsmasq;
  let torus: RunningTorus | undefined;

  /** Answers with the address it listens on; all of them have the same port. */
  const listen = async (server: Server, address: string, at: number): Promise<number> => {
    servers.push(server.listen(at, address));
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };

  beforeAll(async () => {
    for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '::1'])
      port = await listen(
        createServer((_request, response) => response.end(address)),
        address,
        port,
      );
    dns = await startDnsmasq([]);
  });

  afterEach(async () => {
    await torus?.stop();
    torus = undefined;
  });

  afterAll(async () => {
    await dns.kill();
    for (const server of servers) server.close().closeAllConnections();
  });

  const record = (name: string, ...addresses: readonly string[]): string[] =>
    addresses.map((address) => `--address=/${name}/${address}`);
  const begin = (discovery: object = {}, upstream: object = {}): Promise<RunningTorus> =>
    startTorus({
      config: configFor({
        discovery: { dns: { name: 'users.test', port, servers: [dns.server], ...FAST, ...discovery } },
        balancer: 'round-robin',
        ...upstream,
      }),
    });
  const addresses = async (): Promise<string[]> =>
    (await factsOf(torus!)).endpoints
      .filter(({ state }) => state !== 'draining')
      .map(({ address }) => address);
  const untilAddresses = (...wanted: readonly string[]): Promise<unknown> =>
    until(
      async () => (await addresses()).join() === wanted.map((host) => `${host}:${String(port)}`).join(),
      8_000,
      `${wanted.join()}\n${torus!.log.tail()}`,
    );

  it('are there before the first request, and follow the records when their TTL is over', async () => {
    await dns.serve([...record('users.test', '127.0.0.2', '127.0.0.3'), '--local-ttl=1']);
    torus = await begin();
    expect(await tally(torus, 6)).toEqual({ '127.0.0.2': 3, '127.0.0.3': 3 });
    expect((await factsOf(torus)).source).toEqual({ kind: 'dns', from: 'users.test' });
    await dns.serve([...record('users.test', '127.0.0.4', '127.0.0.3'), '--local-ttl=1']);
    await untilAddresses('127.0.0.3', '127.0.0.4');
    await untilTally(torus, { '127.0.0.3': 3, '127.0.0.4': 3 });
    expect(await metricSum(torus, 'torus_dns_resolutions_total', { result: 'ok' })).toBeGreaterThan(1);
  });

  it('are asked for no sooner than the TTL says', async () => {
    await dns.serve([...record('users.test', '127.0.0.2'), '--local-ttl=3600']);
    torus = await begin();
    expect((await ask(torus)).text).toBe('127.0.0.2');
    await dns.serve([...record('users.test', '127.0.0.3'), '--local-ttl=3600']);
    // Time passes: many times the shortest TTL allowed.
    const startedAt = performance.now();
    await until(() => performance.now() - startedAt > 1_000);
    expect(await metricSum(torus, 'torus_dns_resolutions_total')).toBe(1);
    expect((await ask(torus)).text).toBe('127.0.0.2');
  });

  it('are asked for again after the longest time allowed, whatever the TTL says', async () => {
    await dns.serve([...record('users.test', '127.0.0.2'), '--local-ttl=3600']);
    torus = await begin({ maxTtl: '300ms' });
    await dns.serve([...record('users.test', '127.0.0.3'), '--local-ttl=3600']);
    await untilAddresses('127.0.0.3');
  });

  it('stay as they are while nobody answers, with one warning', async () => {
    await dns.serve([...record('users.test', '127.0.0.2'), '--local-ttl=1']);
    torus = await begin({ keepOnEmpty: '0s', maxTtl: '1s' });
    await dns.kill();
    const counted = torus;
    await until(
      async () => (await metricSum(counted, 'torus_dns_resolutions_total', { result: 'failed' })) >= 2,
      15_000,
    );
    expect((await ask(torus)).text).toBe('127.0.0.2');
    const warnings = torus.logs().filter(({ msg }) => msg === 'Endpoints of upstream main do not resolve');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ name: 'users.test', kept: 1 });
    expect((await factsOf(torus)).source.problem).toBeDefined();
    await dns.serve([...record('users.test', '127.0.0.3'), '--local-ttl=1']);
    await untilAddresses('127.0.0.3');
    await torus.waitForLog('Endpoints of upstream main resolve again');
  });

  it('outlive an answer that there are none for as long as configured, and not longer', async () => {
    await dns.serve([...record('users.test', '127.0.0.2'), '--local-ttl=1']);
    torus = await begin({ keepOnEmpty: '3s', maxTtl: '1s' });
    await dns.serve([]);
    const counted = torus;
    await until(
      async () => (await metricSum(counted, 'torus_dns_resolutions_total', { result: 'empty' })) >= 1,
    );
    expect((await ask(torus)).text).toBe('127.0.0.2');
    await untilAddresses();
    const answer = await ask(torus);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toMatchObject({ cause: 'upstream.pick.none-available' });
    await dns.serve([...record('users.test', '127.0.0.3'), '--local-ttl=1']);
    await untilAddresses('127.0.0.3');
    expect((await ask(torus)).status).toBe(200);
  });

  it('that cannot be found keep nobody from starting, and are used once they can', async () => {
    await dns.serve([]);
    torus = await begin();
    expect((await ask(torus)).status).toBe(503);
    expect((await torus.admin('/readyz')).status).toBe(200);
    await dns.serve([...record('users.test', '127.0.0.2'), '--local-ttl=1']);
    await untilAddresses('127.0.0.2');
    expect((await ask(torus)).text).toBe('127.0.0.2');
  });

  it('are not waited for at the start when the server says nothing', async () => {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const startedAt = performance.now();
    torus = await begin({ servers: `127.0.0.1:${String(silent.address().port)}`, timeout: '10s' });
    // Two seconds, and the time that a start takes anyway.
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect((await ask(torus)).status).toBe(503);
    await torus.stop();
    silent.close();
  });

  it('hold up no stop while the first answer is waited for', async () => {
    const silent = createSocket('udp4');
    silent.bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const servers = [`127.0.0.1:${String(silent.address().port)}`];
    torus = await startTorus({
      config: configFor({ discovery: { dns: { name: 'users.test', servers, timeout: '10s' } } }),
      waitUntilReady: false,
    });
    await torus.waitForLog('Admin listening');
    torus.signal('SIGTERM');
    expect(await torus.exit).toEqual({ code: 0, signal: null });
    silent.close();
  });

  it('may have IPv6 addresses, alone or beside IPv4', async () => {
    await dns.serve([...record('users.test', '127.0.0.2', '::1'), '--local-ttl=1']);
    torus = await begin({ type: 'both' });
    await untilTally(torus, { '127.0.0.2': 2, '::1': 2 });
    await torus.stop();
    torus = await begin({ type: 'aaaa' });
    await untilTally(torus, { '::1': 4 });
  });

  it('follow SRV records: the lowest priority first, with ports and weights', async () => {
    const targets = [
      ...record('a.test', '127.0.0.2'),
      ...record('b.test', '127.0.0.3'),
      ...record('c.test', '127.0.0.4'),
      '--local-ttl=1',
    ];
    const srv = (target: string, priority: number, weight: number): string =>
      `--srv-host=_http._tcp.users.test,${target},${String(port)},${String(priority)},${String(weight)}`;
    await dns.serve([...targets, srv('a.test', 10, 3), srv('b.test', 10, 1), srv('c.test', 20, 1)]);
    torus = await begin({ name: '_http._tcp.users.test', type: 'SRV', port: undefined, maxTtl: '500ms' });
    expect(await tally(torus, 8)).toEqual({ '127.0.0.2': 6, '127.0.0.3': 2 });
    await dns.serve([...targets, srv('c.test', 20, 1)]);
    await untilAddresses('127.0.0.4');
    await untilTally(torus, { '127.0.0.4': 4 });
  });

  it('are spoken to over TLS under the name that was asked for', async () => {
    const certificate = await makeCertificate(['users.test'], []);
    const seen: unknown[] = [];
    const secure = createHttpsServer(
      { cert: certificate.certPem, key: certificate.keyPem },
      (request: IncomingMessage, response) => {
        seen.push((request.socket as { readonly servername?: unknown }).servername, request.headers.host);
        response.end('secure');
      },
    );
    const securePort = await listen(secure, '127.0.0.2', 0);
    await dns.serve([...record('users.test', '127.0.0.2'), '--local-ttl=1']);
    const upstream = {
      tls: { ca: certificate.caFile },
      healthCheck: { http: '/healthz', interval: '300ms' },
      panicThreshold: '0%',
    };
    torus = await startTorus({
      config: {
        ...configFor({
          discovery: {
            dns: { name: 'users.test', port: securePort, scheme: 'https', servers: [dns.server], ...FAST },
          },
          ...upstream,
        }),
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main', hostHeader: 'endpoint' }],
      },
    });
    await until(async () => (await factsOf(torus!)).endpoints[0]?.state === 'healthy');
    expect(await ask(torus)).toEqual({ status: 200, text: 'secure' });
    expect(new Set(seen)).toEqual(new Set(['users.test', `users.test:${String(securePort)}`]));
    await torus.stop();
    await dns.serve([...record('other.test', '127.0.0.2'), '--local-ttl=1']);
    torus = await begin({ scheme: 'https', port: securePort, name: 'other.test' }, upstream);
    await until(async () => (await factsOf(torus!)).endpoints[0]?.state === 'unhealthy');
    expect((await factsOf(torus)).endpoints[0]?.lastCheck?.detail).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('keep their states and are not asked for anew when the configuration is read again', async () => {
    await dns.serve([...record('users.test', '127.0.0.2', '127.0.0.3'), '--local-ttl=3600']);
    torus = await begin({}, { outlierEjection: { consecutive5xx: 2 } });
    await dns.kill();
    torus.signal('SIGHUP');
    await torus.waitForLog('Configuration applied');
    await untilTally(torus, { '127.0.0.2': 3, '127.0.0.3': 3 });
    expect(await metricSum(torus, 'torus_dns_resolutions_total')).toBe(1);
  });
});
