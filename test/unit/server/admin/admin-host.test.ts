import { isAllowedHost } from '../../../../src/server/admin/admin-host.js';

describe('isAllowedHost', () => {
  it.each(['localhost', 'localhost:9901', '127.0.0.1:9901', '127.8.0.1', '[::1]:9901', 'LOCALHOST'])(
    'answers %s on loopback',
    (host) => expect(isAllowedHost(host, '127.0.0.1')).toBe(true),
  );
  it.each(['evil.test', 'localhost.evil.test', '127.0.0.1.evil.test', '10.0.0.1', ''])(
    'refuses %j on loopback',
    (host) => expect(isAllowedHost(host, '127.0.0.1')).toBe(false),
  );
  it('refuses a request without Host on loopback', () => expect(isAllowedHost(undefined, '::1')).toBe(false));
  it('answers any name when bound to the network on purpose', () =>
    expect(isAllowedHost('10.1.2.3:9901', '0.0.0.0')).toBe(true));
});
