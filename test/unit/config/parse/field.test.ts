import {
  parseFieldName,
  parseFieldValue,
  parseMethod,
  parseRemovableFieldName,
  parseWritableFieldName,
} from '../../../../src/config/parse/field.js';

describe('field names and values', () => {
  it('reads names in lower case', () => {
    expect(parseFieldName('X-User')).toEqual({ ok: true, value: 'x-user' });
  });

  it.each(['', 'a b', 'a:b', 'a\r\nb', 'ü', 'a\0'])('refuses the name %j', (text) => {
    expect(parseFieldName(text).ok).toBe(false);
  });

  it.each([
    'Connection',
    'keep-alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Content-Length',
    'Proxy-Connection',
    'Host',
    'http2-settings',
  ])('lets no rule write %s', (text) => {
    expect(parseWritableFieldName(text).ok).toBe(false);
  });

  it('lets no rule remove what frames or routes a message', () => {
    expect(parseRemovableFieldName('content-length').ok).toBe(false);
    expect(parseRemovableFieldName('server').ok).toBe(true);
  });

  it.each(['a\rb', 'a\nb', 'a\0b', 'a\x7f', ' a', 'a ', '\u0100'])('refuses the value %j', (text) => {
    expect(parseFieldValue(text).ok).toBe(false);
  });

  it.each(['', 'a b', 'a\tb', 'é'])('accepts the value %j', (text) => {
    expect(parseFieldValue(text)).toEqual({ ok: true, value: text });
  });

  it('reads methods in upper case, and never CONNECT', () => {
    expect(parseMethod('get')).toEqual({ ok: true, value: 'GET' });
    expect(parseMethod('connect').ok).toBe(false);
    expect(parseMethod('G T').ok).toBe(false);
  });
});
