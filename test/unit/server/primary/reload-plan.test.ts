import type { ConfigSnapshot } from '../../../../src/contracts/config.js';
import { planReload } from '../../../../src/server/primary/reload-plan.js';

const current = {
  version: 1,
  workers: 2,
  listeners: [{ name: 'a', port: 0 }],
  admin: { host: '127.0.0.1', port: 9901 },
  shutdown: { delayMs: 0, timeoutMs: 10_000 },
  log: { level: 'info', access: { format: 'json', fields: {}, sample: 1, file: undefined }, pretty: false },
  routes: [],
} as unknown as ConfigSnapshot;

describe('planReload', () => {
  it('takes over routes, shutdown limits and the log level', () => {
    const next = {
      ...current,
      version: 2,
      routes: [{ name: 'new' }],
      shutdown: { delayMs: 1, timeoutMs: 2 },
      log: { ...current.log, level: 'debug' },
    } as unknown as ConfigSnapshot;
    expect(planReload(current, next)).toEqual({ snapshot: next, needRestart: [] });
  });
  it('keeps sockets and processes as they are, and names what it left out', () => {
    const next = {
      ...current,
      version: 2,
      workers: 3,
      listeners: [],
      admin: undefined,
      log: { ...current.log, access: undefined },
    } as ConfigSnapshot;
    const plan = planReload(current, next);
    expect(plan.snapshot).toEqual({ ...current, version: 2 });
    expect(plan.needRestart).toEqual(['listeners', 'admin', 'workers', 'log.access or log.format']);
  });
});
