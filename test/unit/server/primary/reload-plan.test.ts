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
    expect(planReload(current, next)).toEqual({ snapshot: next, needNewWorkers: [], needRestart: [] });
  });
  it('takes over with new workers what workers are born with, and names it', () => {
    const next = {
      ...current,
      version: 2,
      workers: 3,
      listeners: [],
      maxConnectionsPerWorker: 7,
      log: { ...current.log, access: undefined },
    } as ConfigSnapshot;
    expect(planReload(current, next)).toEqual({
      snapshot: next,
      needNewWorkers: ['listeners', 'limits.maxConnections', 'log.access'],
      needRestart: [],
    });
  });
  it('needs no new workers for renewed certificates alone', () => {
    const listener = { name: 'a', port: 0, tls: { minVersion: 'TLSv1.2', certificates: ['old'] } };
    const of = (tls: object) =>
      ({ ...current, listeners: [{ ...listener, tls }] }) as unknown as ConfigSnapshot;
    const served = of(listener.tls);
    expect(planReload(served, of({ ...listener.tls, certificates: ['new'] })).needNewWorkers).toEqual([]);
    expect(planReload(served, of({ ...listener.tls, minVersion: 'TLSv1.3' })).needNewWorkers).toEqual([
      'listeners',
    ]);
  });
  it('takes over the renewed certificate of the admin listener, and only that', () => {
    const admin = {
      ...current.admin,
      token: 'old',
      tls: { certPem: 'old', keyPem: 'old', certFile: 'a.pem' },
    };
    const of = (more: object) => ({ ...current, admin: { ...admin, ...more } }) as unknown as ConfigSnapshot;
    const tls = { certPem: 'new', keyPem: 'new', certFile: 'a.pem' };
    const served = of({});
    expect(planReload(served, of({ tls }))).toEqual({
      snapshot: of({ tls }),
      needNewWorkers: [],
      needRestart: [],
    });
    const withToken = planReload(served, of({ tls, token: 'new' }));
    expect(withToken).toMatchObject({ snapshot: of({ tls }), needRestart: ['admin'] });
    const withoutTls = planReload(served, of({ tls: undefined }));
    expect(withoutTls).toMatchObject({ snapshot: served, needRestart: ['admin'] });
  });
  it('keeps what the primary was started with, and names what it left out', () => {
    const next = {
      ...current,
      version: 2,
      accept: 'round-robin',
      admin: undefined,
      log: { ...current.log, pretty: true },
    } as ConfigSnapshot;
    const plan = planReload(current, next);
    expect(plan.snapshot).toEqual({ ...current, version: 2 });
    expect(plan.needRestart).toEqual(['accept', 'admin', 'log.format']);
  });
});
