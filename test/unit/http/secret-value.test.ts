/** What is shown of values that may be secrets. */
import { isSecretName } from '../../../src/http/secret-fields.js';
import { shownQuery, shownUrl, shownValue } from '../../../src/http/secret-value.js';

describe('a value that is shown', () => {
  it.each([
    'Authorization',
    'x-auth-token',
    'cookie',
    'x-api-key',
    'PASSWORD',
    'session',
    'proxy-authorization',
    'X-Access-Token',
    'x-vault-token',
    'x-amz-security-token',
    'x-session-id',
    'set-cookie',
    'x-db-passwd',
    'api_key',
    'ocp-apim-subscription-key',
    'key',
    'x-key',
    'x-amz-signature',
  ])('is hidden under the name %s', (name) => {
    expect(shownValue(name, 'secret')).toBe('[hidden]');
  });

  it.each([
    ...['author', ':authority', 'host', 'x-user', 'accept', 'monkey', 'x-tenant', 'design'],
    ...['idempotency-key', 'sec-websocket-key', 'x-shard-key'],
  ])('is told under the name %s', (name) => {
    expect(isSecretName(name)).toBe(false);
    expect(shownValue(name, 'value')).toBe('value');
  });

  it('is told without the secrets in it where it is a URL', () => {
    expect(shownValue('referer', 'https://a.test/b?token=x&c=1')).toBe('https://a.test/b?token=[hidden]&c=1');
    expect(shownValue('x-back', '/b?token=x')).toBe('/b?token=[hidden]');
    expect(shownValue('location', 'https://ann:pw@a.test/b#access_token=x')).toBe(
      'https://[hidden]@a.test/b#access_token=[hidden]',
    );
    expect(shownValue('x-note', 'what? token=x')).toBe('what? token=x');
  });

  it('is hidden in a query by the name of its parameter, however that is escaped', () => {
    expect(shownQuery('?a=1&access_token=x.y&b=2')).toBe('?a=1&access_token=[hidden]&b=2');
    expect(shownQuery('?%74oken=x&t%6Fken=y')).toBe('?%74oken=[hidden]&t%6Fken=[hidden]');
    expect(shownQuery('?jwt=x&a', new Set(['jwt']))).toBe('?jwt=[hidden]&a');
    expect(shownQuery('?%zz=1&token')).toBe('?%zz=1&token');
    expect(shownQuery('')).toBe('');
    expect(shownUrl('https://a.test/b?token=x')).toBe('https://a.test/b?token=[hidden]');
  });
});
