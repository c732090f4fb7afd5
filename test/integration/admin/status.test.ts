/** `GET /status`: the document that the page and `torus top` show, judged by real traffic, faults and reloads. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StatusDocument } from '../../../src/contracts/status.js';
import {
  BUSY_MS,
  makeTempDir,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  testCertificate,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

const statusOf = async (torus: RunningTorus): Promise<StatusDocument> =>
  (await (await torus.admin('/status')).json()) as StatusDocument;

/** Polls until the document says so: the instance counts an exchange when it has ended, a little after its answer. */
const statusWhere = (
  torus: RunningTorus,
  isSo: (status: StatusDocument) => boolean,
): Promise<StatusDocument> =>
  until(
    async () => {
      const status = await statusOf(torus);
      return isSo(status) ? status : undefined;
    },
    10_000,
    isSo.toString(),
  );

describe('GET /status', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;

  beforeAll(async () => {
    upstream = await startHttpUpstream((request, response) => {
      if (request.url === '/fails') response.writeHead(500);
      if (request.url !== '/holds') response.end('0123456789');
    });
    const { certFile: cert, keyFile: key } = await testCertificate();
    torus = await startTorus({
      config: {
        workers: 2,
        listeners: [
          { name: 'plain', address: '127.0.0.1:0' },
          { name: 'edge', address: '127.0.0.1:0', tls: { certificates: [{ cert, key }] } },
        ],
        admin: { address: '127.0.0.1:0' },
        upstreams: { app: { endpoints: [upstream.url] }, dead: { endpoints: ['http://127.0.0.1:9'] } },
        routes: [
          { name: 'dead', match: { path: '/dead' }, upstream: 'dead' },
          { name: 'all', match: { path: '/*' }, upstream: 'app' },
        ],
      },
    });
  });

  afterAll(async () => {
    await torus.stop();
    await upstream.close();
  });

  const ask = async (target: string): Promise<void> => {
    await (await fetch(`${torus.url('plain')}${target}`, { headers: { connection: 'close' } })).arrayBuffer();
  };

  it('says who answers: version, phase, generation, workers, certificates', async () => {
    const status = await statusWhere(torus, ({ workers }) => workers.every(({ phase }) => phase === 'ready'));
    expect(status.instance).toMatchObject({
      version: '0.1.0',
      phase: 'ready',
      pid: torus.pid,
      workerRestarts: 0,
    });
    expect(status.config).toMatchObject({ generation: 1, lastReload: null });
    expect(status.workers.map(({ worker, phase }) => [worker, phase])).toEqual([
      [1, 'ready'],
      [2, 'ready'],
    ]);
    expect(status.workers.map(({ pid }) => pid).sort()).toEqual(torus.workers().sort());
    for (const worker of status.workers) {
      expect(worker.heapBytes).toBeGreaterThan(1e6);
      expect(worker.openFds).toBeGreaterThan(5);
      expect(worker.silentSeconds).toBeLessThan(BUSY_MS / 1000);
    }
    expect(status.certificates).toEqual([
      {
        listener: 'edge',
        certificate: expect.stringMatching(/pem$/) as string,
        daysLeft: expect.any(Number) as number,
      },
    ]);
  });

  it('counts requests by outcome, durations and bytes, over all workers', async () => {
    const before = (await statusOf(torus)).totals;
    await Promise.all(['/a', '/b', '/c', '/fails', '/dead', '/dead'].map(ask));
    const { totals } = await statusWhere(torus, (status) => status.totals.requests >= before.requests + 6);
    expect(totals.requests).toBe(before.requests + 6);
    expect(totals.failed).toBe(before.failed + 3);
    expect(totals.outcomes).toEqual(
      expect.arrayContaining([
        { cause: 'ok', status: '2xx', count: 3 },
        { cause: 'ok', status: '5xx', count: 1 },
        { cause: 'upstream.connect.refused', status: '5xx', count: 2 },
      ]),
    );
    expect(totals.duration.counts.reduce((sum, count) => sum + count, 0)).toBe(totals.requests);
    expect(totals.duration.counts).toHaveLength(totals.duration.bounds.length + 1);
    expect(totals.responseBytes - before.responseBytes).toBeGreaterThanOrEqual(40);
  });

  it('shows what runs now, and the sockets of both sides', async () => {
    await using client = await rawClient({ port: torus.port('plain') });
    await client.send(requestHead('GET /holds'));
    const status = await statusWhere(torus, ({ now }) => now.exchanges === 1);
    expect(status.now.sockets.downstream).toBeGreaterThanOrEqual(1);
    expect(status.now.sockets.upstream).toBeGreaterThanOrEqual(1);
    const [app] = status.upstreams;
    expect(app).toMatchObject({
      name: 'app',
      available: 1,
      total: 1,
      endpoints: [{ available: true, active: 1 }],
    });
  });

  it('is one document for readers of the same moment', async () => {
    const [one, other] = await Promise.all([statusOf(torus), statusOf(torus)]);
    expect(one.clockMs).toBe(other.clockMs);
  });

  it('answers while a worker does not, and says for how long', async () => {
    const stopped = (await statusOf(torus)).workers[0]!;
    process.kill(stopped.pid!, 'SIGSTOP');
    try {
      const { workers } = await statusWhere(torus, (status) => status.workers[0]!.silentSeconds > 1);
      expect(workers[1]!.silentSeconds).toBeLessThan(workers[0]!.silentSeconds);
    } finally {
      process.kill(stopped.pid!, 'SIGCONT');
    }
  });
});

describe('the configuration in GET /status', () => {
  it('is that of the last reload that was applied, and names the one that was rejected with its problems', async () => {
    const dir = makeTempDir('status');
    const file = path.join(dir, 'torus.yaml');
    const config = {
      workers: 1,
      watch: false,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: { app: { endpoints: ['http://127.0.0.1:9'] } },
      routes: [{ name: 'all', match: { path: '/*' }, upstream: 'app' }],
    };
    const write = (changes: object) => writeFileSync(file, JSON.stringify({ ...config, ...changes }));
    write({});
    await using torus = await startTorus({ args: ['run', '--config', file] });
    const atStart = (await statusOf(torus)).config;

    write({ routes: [{ name: 'some', match: { path: '/some/*' }, upstream: 'app' }] });
    torus.signal('SIGHUP');
    const applied = (await statusWhere(torus, (status) => status.config.lastReload !== null)).config;
    expect(applied).toMatchObject({
      generation: 2,
      reloads: { applied: 1 },
      lastReload: { outcome: 'applied' },
    });
    expect(Date.parse(applied.appliedAt)).toBeGreaterThan(Date.parse(atStart.appliedAt));

    write({ routes: [{ name: 'some', match: { path: '/some/*' }, upstream: 'no-such' }] });
    torus.signal('SIGHUP');
    const rejected = (await statusWhere(torus, (status) => status.config.lastReload?.outcome === 'rejected'))
      .config;
    expect(rejected).toMatchObject({ generation: 2, reloads: { rejected: 1 }, appliedAt: applied.appliedAt });
    expect(rejected.lastReload?.problems).toEqual([expect.stringContaining('no-such') as string]);
  });
});
