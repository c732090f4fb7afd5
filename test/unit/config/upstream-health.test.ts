/** The keys of discovery, checks, ejection and panic: what they come to, and what is refused. */
import type { UpstreamConfig } from '../../../src/contracts/upstream-config.js';
import { formatProblem } from '../../../src/config/index.js';
import { Workspace } from './configuration-fixture.js';

const workspace = new Workspace();
afterAll(() => workspace.dispose());

const load = (lines: string) =>
  workspace.yaml(
    `listeners: [{ name: l, address: "127.0.0.1:0" }]\nroutes: [{ name: r, match: { path: /* }, upstream: u }]\nupstreams: { u: ${lines} }`,
  );

const upstream = async (lines: string): Promise<UpstreamConfig> => {
  const result = await load(lines);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.snapshot.upstreams[0]!;
};

const problem = async (lines: string): Promise<string> => {
  const result = await load(lines);
  return result.ok ? 'none' : result.problems.map(formatProblem).join('\n');
};

const E = 'endpoints: ["http://a"]';

describe('discovery', () => {
  it('by DNS has the port of its scheme, and limits for the TTL', async () => {
    const { discovery, endpoints } = await upstream(
      '{ discovery: { dns: { name: users.svc.cluster.local, scheme: https, servers: ["10.0.0.2", "::1", "10.0.0.3:5353"] } } }',
    );
    expect(endpoints).toEqual([]);
    expect(discovery).toEqual({
      kind: 'dns',
      name: 'users.svc.cluster.local',
      records: 'A',
      scheme: 'https',
      port: 443,
      servers: ['10.0.0.2', '::1', '10.0.0.3:5353'],
      timeoutMs: 2000,
      minTtlMs: 1000,
      maxTtlMs: 60_000,
      keepOnEmptyMs: 30_000,
    });
  });

  it('stands in place of endpoints', async () => {
    expect(await problem('{ balancer: round-robin }')).toContain(
      'must have one of `endpoints` and `discovery`',
    );
    expect(await problem(`{ ${E}, discovery: { file: x.yaml } }`)).toContain('must have one of `endpoints`');
    expect(await problem('{ discovery: {} }')).toContain('must have one of `dns` and `file`');
  });

  it('refuses what contradicts itself', async () => {
    const dns = (more: string) => problem(`{ discovery: { dns: { name: a.test, ${more} } } }`);
    expect(await dns('type: SRV, port: 80')).toContain('SRV records say the port');
    expect(await dns('type: MX')).toContain('must be one of A, AAAA, both and SRV');
    expect(await dns('minTtl: 10s, maxTtl: 5s')).toContain('must not be shorter than minTtl');
    expect(await dns('servers: dns.test')).toContain('must be an IP address');
    expect(await problem('{ discovery: { dns: { name: "a b" } } }')).toContain('must be a DNS name');
  });

  it('by a file that is not there is a warning, and says where', async () => {
    const result = await load('{ discovery: { file: nowhere.yaml } }');
    expect(result.ok && result.warnings.map(formatProblem)).toEqual([
      'torus.yaml:3: upstreams.u.discovery.file: endpoint file nowhere.yaml does not exist: there is no endpoint until it is right',
    ]);
  });
});

describe('health checks', () => {
  it('have defaults, and short forms', async () => {
    const { healthCheck } = await upstream(`{ ${E}, healthCheck: { http: /healthz } }`);
    expect(healthCheck).toEqual({
      probe: { kind: 'http', path: '/healthz', method: 'GET', host: undefined, expect: [[200, 299]] },
      intervalMs: 10_000,
      timeoutMs: 2000,
      jitter: 0.1,
      healthyThreshold: 2,
      unhealthyThreshold: 3,
      port: undefined,
    });
    expect((await upstream(`{ ${E}, healthCheck: { path: /healthz } }`)).healthCheck).toEqual(healthCheck);
    const probeOf = async (check: string) =>
      (await upstream(`{ ${E}, healthCheck: ${check} }`)).healthCheck?.probe;
    expect(await probeOf('{ tcp: true }')).toEqual({ kind: 'tcp' });
    expect(await probeOf('{ grpc: { service: users } }')).toEqual({ kind: 'grpc', service: 'users' });
    expect(await probeOf('{ http: { expect: [204, 3xx, 401-403] } }')).toMatchObject({
      expect: [
        [204, 204],
        [300, 399],
        [401, 403],
      ],
    });
  });

  it('have a timeout no longer than the interval', async () => {
    const short = await upstream(`{ ${E}, healthCheck: { tcp: {}, interval: 500ms } }`);
    expect(short.healthCheck?.timeoutMs).toBe(500);
    expect(await problem(`{ ${E}, healthCheck: { tcp: {}, interval: 1s, timeout: 2s } }`)).toContain(
      'healthCheck.timeout: must not be longer than interval',
    );
  });

  it('are of one kind', async () => {
    expect(await problem(`{ ${E}, healthCheck: {} }`)).toContain(
      'must have one of `http` (or `path`), `tcp` and `grpc`',
    );
    expect(await problem(`{ ${E}, healthCheck: { http: /, tcp: {} } }`)).toContain('must have one of');
    expect(await problem(`{ ${E}, healthCheck: { path: /, grpc: {} } }`)).toContain('must have one of');
    expect(await problem(`{ ${E}, healthCheck: { http: { path: healthz } } }`)).toContain(
      'must begin with /',
    );
    expect(await problem(`{ ${E}, healthCheck: { http: { expect: 700 } } }`)).toContain('must be a status');
    expect(await problem(`{ ${E}, healthCheck: { http: /, intervall: 1s } }`)).toContain(
      'did you mean "interval"?',
    );
  });
});

describe('ejection and panic', () => {
  it('are on unless turned off', async () => {
    const on = await upstream(`{ ${E} }`);
    expect(on.outlierEjection).toEqual({
      consecutive5xx: 5,
      baseMs: 30_000,
      maxMs: 300_000,
      maxEjected: 0.1,
    });
    expect(on.panicThreshold).toBe(0.5);
    const off = await upstream(`{ ${E}, outlierEjection: false, panicThreshold: 0 }`);
    expect(off).toMatchObject({ outlierEjection: undefined, panicThreshold: 0 });
  });

  it('take percentages, and no others', async () => {
    const { outlierEjection, panicThreshold } = await upstream(
      `{ ${E}, outlierEjection: { consecutive5xx: 3, maxEjected: 25% }, panicThreshold: 12.5% }`,
    );
    expect(outlierEjection?.maxEjected).toBe(0.25);
    expect(panicThreshold).toBe(0.125);
    expect(await problem(`{ ${E}, panicThreshold: 101% }`)).toContain('must be a percentage such as 10%');
    expect(await problem(`{ ${E}, outlierEjection: { baseTime: 10m } }`)).toContain(
      'must not be shorter than baseTime',
    );
  });
});
