import type { IpAllowOptions } from '../../../../../src/contracts/config.js';
import { ipAllowFactory } from '../../../../../src/proxy/filters/ip-allow/index.js';
import { fakeExchange, FakeFields } from '../../../../support/fake-exchange.js';

const services = {
  now: () => 1,
  keySets: { current: () => undefined, refresh: () => Promise.resolve(undefined) },
};
const statusFor = async (options: IpAllowOptions, address: string): Promise<number | undefined> =>
  (await ipAllowFactory.create(options, services).onRequest?.(fakeExchange({}, address), new FakeFields()))
    ?.status;

describe('ip-allow', () => {
  it('lets in only what is allowed', async () => {
    const options = { allow: ['10.0.0.0/8', '2001:db8::/32'], deny: [] };
    expect(await statusFor(options, '10.1.1.1')).toBeUndefined();
    expect(await statusFor(options, '::ffff:10.1.1.1')).toBeUndefined();
    expect(await statusFor(options, '2001:db8::1')).toBeUndefined();
    expect(await statusFor(options, '11.1.1.1')).toBe(403);
  });

  it('asks deny first', async () => {
    const options = { allow: ['10.0.0.0/8'], deny: ['10.9.0.0/16'] };
    expect(await statusFor(options, '10.9.1.1')).toBe(403);
    expect(await statusFor(options, '10.8.1.1')).toBeUndefined();
  });

  it('lets everyone in but the denied when allow is empty', async () => {
    expect(await statusFor({ allow: [], deny: ['10.0.0.1'] }, '10.0.0.2')).toBeUndefined();
    expect(await statusFor({ allow: [], deny: ['10.0.0.1'] }, '::ffff:10.0.0.1')).toBe(403);
  });

  it('refuses what is no address', async () => {
    expect(await statusFor({ allow: [], deny: ['10.0.0.1'] }, '')).toBe(403);
  });

  it('judges the client, not the proxy that spoke for it', async () => {
    const exchange = fakeExchange({ fields: [['x-forwarded-for', '10.1.1.1']] }, '203.0.113.9');
    const filter = ipAllowFactory.create({ allow: ['10.0.0.0/8'], deny: [] }, services);
    expect(await filter.onRequest?.(exchange, new FakeFields())).toMatchObject({
      status: 403,
      cause: 'downstream.filter.forbidden',
    });
  });

  it('throws on what is no network', () => {
    expect(() => ipAllowFactory.create({ allow: ['10.0.0.0/99'], deny: [] }, services)).toThrow(RangeError);
  });
});
