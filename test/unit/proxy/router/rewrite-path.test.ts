import fc from 'fast-check';
import { compileRewrite } from '../../../../src/proxy/router/rewrite-path.js';

const strip = (prefix: string, path: string): string =>
  compileRewrite({ kind: 'strip-prefix', prefix })?.(path) ?? '';
const replace = (prefix: string, replacement: string, path: string): string =>
  compileRewrite({ kind: 'replace-prefix', prefix, replacement })?.(path) ?? '';

describe('compileRewrite', () => {
  it('is nothing for a route without a rewrite', () => {
    expect(compileRewrite(undefined)).toBeUndefined();
  });

  it.each([
    ['/api', '/api', '/'],
    ['/api', '/api/', '/'],
    ['/api', '/api/x/', '/x/'],
    ['/api/', '/api/x', '/x'],
    ['/api', '/apiary', '/apiary'],
    ['/api', '/ap', '/ap'],
    ['/a/b', '/a', '/a'],
    ['/a/b', '/a/b/c', '/c'],
    ['/', '/x', '/x'],
    ['/', '/', '/'],
    ['/api', '*', '*'],
    ['/@x', '/%40x/y%3B', '/y%3B'],
    ['/a', '/a/a', '/a'],
  ])('strips %s from %s and leaves %s', (prefix, path, expected) => {
    expect(strip(prefix, path)).toBe(expected);
  });

  it.each([
    ['/api', '/v2', '/api/x', '/v2/x'],
    ['/api', '/v2/', '/api/x', '/v2/x'],
    ['/api', '/v2', '/api', '/v2'],
    ['/api', '/', '/api/x', '/x'],
    ['/', '/base', '/x', '/base/x'],
    ['/', '/base', '/', '/base/'],
    ['/api', '//v2', '/api/x', '/v2/x'],
    ['/api', '/v2', '/apiary', '/apiary'],
  ])('replaces %s by %s: %s becomes %s', (prefix, replacement, path, expected) => {
    expect(replace(prefix, replacement, path)).toBe(expected);
  });

  it('always leaves a path that begins with exactly one slash', () => {
    const path = fc
      .array(fc.constantFrom('a', 'api', '%40', 'b'), { maxLength: 4 })
      .map((parts) => `/${parts.join('/')}`);
    fc.assert(
      fc.property(path, path, path, (prefix, replacement, request) => {
        expect(strip(prefix, request)).toMatch(/^\/(?!\/)/);
        expect(replace(prefix, replacement, request)).toMatch(/^\/(?!\/)/);
      }),
    );
  });

  it.each(['api', '/a/..%2f', ''])('throws on the prefix %p', (prefix) => {
    expect(() => compileRewrite({ kind: 'strip-prefix', prefix })).toThrow(RangeError);
  });
});
