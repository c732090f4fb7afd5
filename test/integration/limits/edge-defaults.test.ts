/** The hardened profile: what a configuration that says nothing gets. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../../src/config/index.js';
import { fileDescriptorLimit } from '../../../src/config/file-descriptor-limit.js';

const MINIMAL = `
listeners: [{ name: plain, address: "127.0.0.1:0" }]
upstreams: { users: { endpoints: ["http://127.0.0.1:9000"] } }
routes: [{ name: all, match: { path: /* }, filters: [{ body-limit: {} }], upstream: users }]
`;

it('the defaults are those of the edge profile', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'torus-defaults-'));
  writeFileSync(path.join(cwd, 'torus.yaml'), MINIMAL);
  const result = await loadConfig({ cwd, env: {}, now: () => 0 });
  const snapshot = result.ok ? result.snapshot : undefined;
  rmSync(cwd, { recursive: true });
  const [listener] = snapshot?.listeners ?? [];
  const [upstream] = snapshot?.upstreams ?? [];
  const [route] = snapshot?.routes ?? [];
  const KIB = 1024;
  const MINUTE_MS = 60_000;
  expect(listener?.timeouts).toMatchObject({
    requestHeadMs: 10_000,
    bodyGapMs: MINUTE_MS,
    writeGapMs: MINUTE_MS,
    keepAliveMs: 75_000,
  });
  expect(listener?.limits).toEqual({
    requestLineBytes: 8 * KIB,
    headBytes: 16 * KIB,
    headerCount: 100,
    requestsPerConnection: 1000,
    connectionAgeMs: 60 * MINUTE_MS,
    bodyBytesPerSecond: 240,
    allowUnderscores: false,
  });
  expect(upstream).toMatchObject({
    connectTimeoutMs: 3_000,
    balancer: { kind: 'least-request' },
    tls: { verify: true },
    outlierEjection: { consecutive5xx: 5, baseMs: 30_000, maxMs: 300_000, maxEjected: 0.1 },
    retryBudget: { share: 0.2, minConcurrent: 3 },
  });
  expect(route?.timeouts).toEqual({
    requestMs: 0,
    responseHeadMs: 15_000,
    grpcResponseHeadMs: 5 * MINUTE_MS,
    idleMs: 5 * MINUTE_MS,
  });
  expect(route?.retry).toMatchObject({ attempts: 1, nonIdempotent: false, bufferBytes: 64 * KIB });
  expect(route?.filters).toEqual([{ name: 'body-limit', options: { maxBytes: KIB * KIB } }]);
  const ladder = { shortenIdle: 0.85, noKeepAlive: 0.92, shed: 0.95 };
  expect(snapshot?.overload).toMatchObject({ fds: ladder, memory: ladder, loopDelay: ladder });
  expect(snapshot?.trustedProxies).toEqual([]);
  expect(snapshot?.maxConnectionsPerWorker).toBe(Math.floor(fileDescriptorLimit() / 2));
});
