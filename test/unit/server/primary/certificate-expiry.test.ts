import { generate } from 'selfsigned';
import type { AdminConfig, ConfigSnapshot } from '../../../../src/contracts/config.js';
import { expirySamples, watchExpiry } from '../../../../src/server/primary/certificate-expiry.js';
import { FakeScheduler } from '../../../support/fake-scheduler.js';

const DAY_MS = 86_400_000;

/** A snapshot with one certificate that expires in so many days. */
const expiringIn = async (days: number): Promise<Pick<ConfigSnapshot, 'listeners' | 'admin'>> => {
  const { cert } = await generate([{ name: 'commonName', value: 'a.test' }], {
    keyType: 'ec',
    notBeforeDate: new Date(Date.now() - 30 * DAY_MS),
    notAfterDate: new Date(Date.now() + days * DAY_MS),
  });
  const certificates = [{ certPem: cert, keyPem: '', certFile: '/certs/a.pem' }];
  const listeners = [
    { name: 'edge', tls: { certificates } },
    { name: 'plain', tls: undefined },
  ];
  return { listeners, admin: undefined } as unknown as Pick<ConfigSnapshot, 'listeners' | 'admin'>;
};

const watch = async (days: number) => {
  const snapshot = await expiringIn(days);
  const warnings: string[] = [];
  let tick: () => void = () => undefined;
  const scheduler = {
    now: () => 0,
    after: () => () => undefined,
    every: (intervalMs: number, run: () => void) => {
      expect(intervalMs).toBe(DAY_MS);
      tick = run;
      return () => undefined;
    },
  };
  const log = { warn: (_facts: unknown, text?: string) => void warnings.push(text ?? '') };
  watchExpiry(() => snapshot, { scheduler, log: log as never });
  return { warnings, tick: () => tick() };
};

describe('certificates that expire', () => {
  it('are warned of at the start and each day, in their last two weeks', async () => {
    const { warnings, tick } = await watch(13.5);
    tick();
    expect(warnings).toEqual(Array(2).fill('Certificate /certs/a.pem expires in 13 days'));
  });

  it('are not warned of before', async () => {
    const { warnings, tick } = await watch(15);
    tick();
    expect(warnings).toEqual([]);
  });

  it('are said to have expired', async () => {
    const { warnings } = await watch(-2);
    expect(warnings).toEqual(['Certificate /certs/a.pem has expired']);
  });

  it('are warned of on the admin listener too, and have the metric under its name', async () => {
    const { listeners } = await expiringIn(-1.5);
    const tls = { ...listeners[0]!.tls!.certificates[0]!, certFile: '/certs/admin.pem' };
    const snapshot = { listeners: [], admin: { tls } as unknown as AdminConfig };
    const warn = jest.fn();
    watchExpiry(() => snapshot, { scheduler: new FakeScheduler(), log: { warn } });
    expect(warn).toHaveBeenCalledWith(
      { listener: 'admin', file: '/certs/admin.pem', daysLeft: -2 },
      'Certificate /certs/admin.pem has expired',
    );
    expect(expirySamples(snapshot, Date.now())).toEqual([
      [['admin', '/certs/admin.pem'], expect.closeTo(-1.5, 2) as number],
    ]);
  });

  it('have a metric in days', async () => {
    const [sample] = expirySamples(await expiringIn(10), Date.now());
    expect(sample?.[0]).toEqual(['edge', '/certs/a.pem']);
    expect(sample?.[1]).toBeCloseTo(10, 2);
  });
});
