import { parseDocumentUrl, parseEndpointUrl } from '../../../../src/config/parse/endpoint-url.js';

describe('parseEndpointUrl', () => {
  it.each([
    ['http://127.0.0.1:9000', 'http', '127.0.0.1', 9000],
    ['https://users.internal', 'https', 'users.internal', 443],
    ['http://users.internal/', 'http', 'users.internal', 80],
    ['http://[::1]:9000', 'http', '::1', 9000],
  ])('reads %s', (text, scheme, host, port) => {
    expect(parseEndpointUrl(text)).toEqual({ ok: true, value: { scheme, host, port } });
  });

  it.each([
    'users:80',
    'ftp://a',
    'http://',
    'http:///x',
    'http://a/b',
    'http://a?x',
    'http://a#',
    'http://a:0',
    'http://a:99999',
    'http:\\\\a',
    '',
  ])('refuses %j', (text) => {
    expect(parseEndpointUrl(text).ok).toBe(false);
  });

  it('refuses a password without repeating it', () => {
    const result = parseEndpointUrl('http://user:hunter2@a');
    expect(result).toEqual({ ok: false, message: 'must not hold a user name or password' });
  });
});

describe('parseDocumentUrl', () => {
  it('allows a path and a query', () => {
    expect(parseDocumentUrl('https://issuer.example/keys?v=1')).toEqual({
      ok: true,
      value: 'https://issuer.example/keys?v=1',
    });
  });

  it.each(['file:///etc/passwd', 'https://u:p@issuer.example/', 'issuer.example'])('refuses %j', (text) => {
    expect(parseDocumentUrl(text).ok).toBe(false);
  });
});
