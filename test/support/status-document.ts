/** A status document in which all is well; tests say what is not. */
import type { StatusDocument, StatusTotals, WorkerStatus } from '../../src/contracts/status.js';

export const BOUNDS = [0.001, 0.01, 0.1, 1];

export const totals = (changes: Partial<StatusTotals> = {}): StatusTotals => ({
  requests: 0,
  failed: 0,
  outcomes: [],
  duration: { bounds: BOUNDS, counts: [0, 0, 0, 0, 0], sumSeconds: 0 },
  requestBytes: 0,
  responseBytes: 0,
  ...changes,
});

export const worker = (changes: Partial<WorkerStatus> = {}): WorkerStatus => ({
  worker: 1,
  pid: 4711,
  phase: 'ready',
  ageSeconds: 60,
  silentSeconds: 0,
  requests: 0,
  sockets: { downstream: 0, upstream: 0 },
  heapBytes: 20 * 2 ** 20,
  rssBytes: 80 * 2 ** 20,
  openFds: 30,
  loopDelaySeconds: { p50: 0, p90: 0, p99: 0.001 },
  loopUtilization: 0.1,
  overload: null,
  ...changes,
});

export const statusDocument = (changes: Partial<StatusDocument> = {}): StatusDocument => ({
  time: '2026-01-01T00:01:00.000Z',
  clockMs: 60_000,
  instance: {
    version: '0.1.0',
    node: 'v20.20.0',
    pid: 4700,
    host: 'edge-1',
    phase: 'ready',
    startedAt: '2026-01-01T00:00:00.000Z',
    uptimeSeconds: 60,
    workerRestarts: 0,
  },
  config: {
    generation: 1,
    appliedAt: '2026-01-01T00:00:00.000Z',
    reloads: { applied: 0, rejected: 0 },
    lastReload: null,
  },
  totals: totals(),
  now: { exchanges: 0, sockets: { downstream: 0, upstream: 0 } },
  workers: [worker()],
  upstreams: [
    {
      name: 'users',
      available: 1,
      failing: 0,
      total: 1,
      panic: false,
      endpoints: [
        {
          address: '10.0.0.5:9000',
          state: 'healthy',
          available: true,
          why: 'check passed: 200',
          since: '2026-01-01T00:00:00.000Z',
          active: 0,
          connections: 0,
        },
      ],
    },
  ],
  certificates: [],
  ...changes,
});
