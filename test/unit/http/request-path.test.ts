import fc from 'fast-check';
import { normalisePath } from '../../../src/http/request-path.js';

const hostilePath = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '.',
        '..',
        '/..',
        '/.',
        '%2e',
        '%2E',
        '%2f',
        '%5c',
        '\\',
        ';',
        '%3b',
        '%41',
        '%7e',
        '%25',
        '%zz',
        '%',
      ),
      fc.constantFrom(
        'a',
        'B',
        '~',
        '[',
        '{',
        '%00',
        '%7f',
        '%c3%a9',
        '%C0%AF',
        '?',
        '#',
        ' ',
        '\u00e9',
        '%252e',
        '\u0000',
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`);

describe('normalisePath', () => {
  it.each([
    '/',
    '/users',
    '/users/',
    '/a/b/c.txt',
    '/a.b/..c/c..',
    '/a;v=1/b',
    "/!$&'()*+,=:@",
    '/[...slug]',
    '/{id}|^`"<>',
    '/.well-known/acme',
    '/...',
    '/%C3%A9',
    '/%20',
    '/%252e%252e',
    '/%40me',
    '/%E9t%E9',
  ])('keeps %s as it is', (path) => {
    expect(normalisePath(path)).toBe(path);
  });

  it.each([
    ['//admin', '/admin'],
    ['/a//b///', '/a/b/'],
    ['///', '/'],
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/b/..', '/a/'],
    ['/a/.', '/a/'],
    ['/a/..', '/'],
    ['/.', '/'],
    ['/a//../b', '/b'],
    ['/%61dmin', '/admin'],
    ['/%7euser/%2D%5f', '/~user/-_'],
    ['/file%2etxt', '/file.txt'],
    ['/caf%c3%a9', '/caf%C3%A9'],
    ['/a%3bb', '/a%3Bb'],
  ])('reads %s as %s', (raw, normal) => {
    expect(normalisePath(raw)).toBe(normal);
  });

  it.each([
    ['an encoded slash', '/a%2fb'],
    ['an encoded slash in upper case', '/a%2Fb'],
    ['an encoded backslash', '/a%5cb'],
    ['a backslash', '/a\\b'],
    ['an encoded NUL', '/a%00'],
    ['an encoded LF', '/a%0ab'],
    ['an encoded DEL', '/%7f'],
    ['half-encoded dots', '/a/.%2e/b'],
    ['encoded dots', '/a/%2e%2E/b'],
    ['one encoded dot', '/a/%2e'],
    ['dots with parameters', '/a/..;x/b'],
    ['dots with encoded parameters', '/a/..%3b/b'],
    ['encoded dots with parameters', '/%2e%2e;/b'],
    ['a climb above the root', '/../a'],
    ['a later climb above the root', '/a/../../b'],
    ['a bad escape', '/%zz'],
    ['a cut escape', '/%a'],
    ['a lone percent sign', '/100%'],
    ['a raw 8-bit byte', '/caf\u00e9'],
    ['a space', '/a b'],
    ['a control byte', '/a\u0001'],
    ['a character beyond latin1', '/\u4e00'],
    ['a fragment', '/a#b'],
    ['a query', '/a?b'],
    ['an overlong dot', '/%c0%ae%c0%ae/'],
    ['an overlong slash', '/a%E0%80%AFb'],
    ['a longer overlong slash', '/a%f0%80%80%afb'],
    ['a missing slash', 'a'],
    ['nothing', ''],
    ['an asterisk', '*'],
  ])('refuses %s', (_what, raw) => {
    expect(normalisePath(raw)).toBeUndefined();
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const once = normalisePath(raw);
        if (once !== undefined) expect(normalisePath(once)).toBe(once);
      }),
      { numRuns: 3000 },
    );
  });

  it('leaves nothing in its result that another server could read as a way up or out', () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const normal = normalisePath(raw);
        if (normal === undefined) return;
        expect(normal).toMatch(/^\/[\x21-\x7e]*$/);
        expect(normal).not.toMatch(/\/\/|[\\?#]|%2f|%5c|%00/i);
        for (const segment of decodeURIComponentLatin1(normal).split('/'))
          expect(segment).not.toMatch(/^\.\.?(;|$)/);
      }),
      { numRuns: 3000 },
    );
  });
});

function decodeURIComponentLatin1(path: string): string {
  return path.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
