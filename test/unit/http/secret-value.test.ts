/** What is shown of values that may be secrets. */
import { isSecretName, shownQuery, shownUrl, shownValue } from '../../../src/http/secret-value.js';

describe('a value that is shown', () => {
  it.each([
    'Authorization',
    'x-auth-token',
    'cookie',
    'x-api-key',
    'PASSWORD',
    'session',
    'proxy-authorization',
  ])('is hidden under the name %s', (name) => {
    expect(shownValue(name, 'secret')).toBe('[hidden]');
  });

  it.each(['author', ':authority', 'host', 'x-user', 'accept'])('is told under the name %s', (name) => {
    expect(isSecretName(name)).toBe(false);
    expect(shownValue(name, 'value')).toBe('value');
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
