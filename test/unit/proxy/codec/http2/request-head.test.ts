import { HeadFault } from '../../../../../src/proxy/codec/http1/head-fault.js';
import type { Http2RequestHead } from '../../../../../src/proxy/codec/http2/request-head.js';
import { parseHttp2RequestHead } from '../../../../../src/proxy/codec/http2/request-head.js';
import { parseHttp2Trailers } from '../../../../../src/proxy/codec/http2/trailers.js';
import { dropTable } from '../../../../../src/http/field-block.js';
import * as known from '../../../../../src/http/known-fields.js';

const LIMITS = { requestLineBytes: 100, headBytes: 1000, headerCount: 5, allowUnderscores: false };
const PSEUDO = [':method', 'GET', ':scheme', 'https', ':path', '/a?b=c', ':authority', 'Example.com:8443'];

const parse = (pairs: readonly string[], endStream = true): Http2RequestHead | HeadFault =>
  parseHttp2RequestHead(pairs, { scheme: 'https', endStream, limits: LIMITS });

const head = (pairs: readonly string[], endStream = true): Http2RequestHead => {
  const parsed = parse(pairs, endStream);
  if (parsed instanceof HeadFault) throw new Error(parsed.rule);
  return parsed;
};

const ruleOf = (pairs: readonly string[], endStream = true): string => {
  const parsed = parse(pairs, endStream);
  return parsed instanceof HeadFault ? parsed.rule : 'none';
};

/** The pseudo-header fields with some of them replaced; undefined leaves one out. */
const pseudo = (changes: Readonly<Record<string, string | undefined>>): string[] => {
  const all: Record<string, string | undefined> = {};
  for (let at = 0; at < PSEUDO.length; at += 2) all[PSEUDO[at]!] = PSEUDO[at + 1]!;
  return Object.entries({ ...all, ...changes }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
};

const CONNECT = [':method', 'CONNECT', ':authority', 'db.test:5432'];
const EXTENDED = pseudo({ ':method': 'CONNECT', ':protocol': 'WebSocket' });

describe('parseHttp2RequestHead', () => {
  it('reads what the pseudo-header fields say', () => {
    expect(head(PSEUDO)).toMatchObject({
      method: 'GET',
      scheme: 'https',
      authority: 'Example.com:8443',
      host: 'example.com',
      path: '/a',
      query: '?b=c',
      httpVersion: '2',
      framing: 'none',
      upgrade: undefined,
    });
  });

  it('makes field lines that are dropped and kept by kind, as those of HTTP/1.1 are', () => {
    const { fields } = head([
      ...PSEUDO,
      'x-a',
      '1',
      'te',
      'trailers',
      'x-forwarded-for',
      '1.2.3.4',
      'x-b',
      '',
    ]);
    expect(fields.serialise(dropTable(known.TE, known.X_FORWARDED_FOR))).toBe('x-a: 1\r\nx-b: \r\n');
    expect([...fields.entries()]).toHaveLength(4);
  });

  it('joins the crumbs of a cookie', () => {
    const { fields } = head([...PSEUDO, 'cookie', 'a=1', 'x-a', '1', 'cookie', 'b=2', 'cookie', 'c=3']);
    expect(fields.getAll('cookie')).toEqual(['a=1; b=2; c=3']);
  });

  it('takes Host for :authority, and both when they agree', () => {
    expect(head([...pseudo({ ':authority': undefined }), 'host', 'a.test'])).toMatchObject({
      host: 'a.test',
    });
    expect(head([...PSEUDO, 'host', 'example.com:8443'])).toMatchObject({ host: 'example.com' });
  });

  it('normalises the path as HTTP/1.1 does, and knows * for OPTIONS only', () => {
    expect(head(pseudo({ ':path': '/a/./b/../%41' })).path).toBe('/a/A');
    expect(head(pseudo({ ':path': '*', ':method': 'OPTIONS' })).path).toBe('*');
  });

  it.each([
    ['no body', true, [], { framing: 'none', contentLength: 0 }],
    ['an empty body', true, ['content-length', '0'], { framing: 'length', contentLength: 0 }],
    ['a length', false, ['content-length', '5'], { framing: 'length', contentLength: 5 }],
    ['a body without a length', false, [], { framing: 'chunked', contentLength: 0 }],
  ])('frames %s', (_title, endStream, fields, framing) => {
    expect(head([...PSEUDO, ...fields], endStream)).toMatchObject(framing);
  });

  it('expects 100 (Continue) only before a body', () => {
    expect(head([...PSEUDO, 'expect', '100-Continue'], false).expectsContinue).toBe(true);
    expect(head([...PSEUDO, 'expect', '100-continue'], true).expectsContinue).toBe(false);
  });

  it('drops names with an underscore', () => {
    expect([...head([...PSEUDO, 'x_a', '1', 'x-b', '2']).fields.entries()]).toEqual([['x-b', '2']]);
  });

  it('takes an extended CONNECT for the GET that it would be over HTTP/1.1', () => {
    const fields = ['sec-websocket-key', 'a', 'sec-websocket-version', '13', 'sec-websocket-accept', 'b'];
    const parsed = head([...EXTENDED, ...fields], false);
    expect(parsed).toMatchObject({
      method: 'GET',
      connect: 'extended',
      upgrade: 'websocket',
      path: '/a',
      framing: 'none',
    });
    expect([...parsed.fields.entries()]).toEqual([['sec-websocket-version', '13']]);
  });

  it('takes CONNECT to a host and port', () => {
    const expected = {
      method: 'CONNECT',
      connect: 'tcp',
      authority: 'db.test:5432',
      host: 'db.test',
      path: '/',
    };
    expect(head(CONNECT, false)).toMatchObject(expected);
  });

  it.each<readonly [string, readonly string[], string]>([
    ['CONNECT without a port', [':method', 'CONNECT', ':authority', 'db.test'], 'authority'],
    ['CONNECT with content', [...CONNECT, 'content-length', '0'], 'connect-content'],
    [
      'a protocol that is no token',
      pseudo({ ':method': 'CONNECT', ':protocol': 'web socket' }),
      'pseudo-field',
    ],
    [
      'extended CONNECT without a path',
      pseudo({ ':method': 'CONNECT', ':protocol': 'a', ':path': undefined }),
      'target',
    ],
    [
      'extended CONNECT without a scheme',
      pseudo({ ':method': 'CONNECT', ':protocol': 'a', ':scheme': undefined }),
      'scheme',
    ],
  ])('refuses %s', (_title, pairs, rule) => {
    expect(ruleOf(pairs, false)).toBe(rule);
  });

  it.each<readonly [string, readonly string[], string]>([
    ['no :method', pseudo({ ':method': undefined }), 'method'],
    ['a method that is no token', pseudo({ ':method': 'G T' }), 'method'],
    ['CONNECT without anything to follow', CONNECT, 'method'],
    ['CONNECT with a path', pseudo({ ':method': 'CONNECT' }), 'pseudo-field'],
    ['extended CONNECT without anything to follow', EXTENDED, 'connect-content'],
    ['TRACE', pseudo({ ':method': 'TRACE' }), 'method'],
    ['no :scheme', pseudo({ ':scheme': undefined }), 'scheme'],
    ['another scheme', pseudo({ ':scheme': 'ftp' }), 'scheme'],
    ['no :path', pseudo({ ':path': undefined }), 'target'],
    ['an empty path', pseudo({ ':path': '' }), 'target'],
    ['an absolute path', pseudo({ ':path': 'https://a/b' }), 'target'],
    ['* with GET', pseudo({ ':path': '*' }), 'target'],
    ['a fragment', pseudo({ ':path': '/a#b' }), 'target'],
    ['a space in the path', pseudo({ ':path': '/a b' }), 'target'],
    ['an ambiguous path', pseudo({ ':path': '/%2e%2e/a' }), 'path'],
    ['a path that is too long', pseudo({ ':path': `/${'a'.repeat(100)}` }), 'target-length'],
    ['no authority at all', pseudo({ ':authority': undefined }), 'authority'],
    ['an empty :authority', pseudo({ ':authority': '' }), 'authority'],
    ['userinfo', pseudo({ ':authority': 'me@a.test' }), 'authority'],
    ['a Host that differs', [...PSEUDO, 'host', 'other.test'], 'host'],
    ['two Hosts', [...PSEUDO, 'host', 'example.com:8443', 'host', 'example.com:8443'], 'host'],
    ['an unknown pseudo-header field', [...PSEUDO, ':protocol', 'websocket'], 'pseudo-field'],
    ['one of a response', [...PSEUDO, ':status', '200'], 'pseudo-field'],
    ['one that is there twice', [...PSEUDO, ':path', '/b'], 'pseudo-field'],
    ['one after a field', ['x-a', '1', ...PSEUDO], 'pseudo-field'],
    ['an upper-case name', [...PSEUDO, 'X-a', '1'], 'field-name'],
    ['an empty name', [...PSEUDO, '', '1'], 'field-name'],
    ['a colon in a name', [...PSEUDO, 'x:a', '1'], 'field-name'],
    ['a line break in a value', [...PSEUDO, 'x-a', '1\r\nx-b: 2'], 'field-value'],
    ['a NUL in a value', [...PSEUDO, 'x-a', '1\0'], 'field-value'],
    ['a value in spaces', [...PSEUDO, 'x-a', ' 1'], 'field-value'],
    ['Connection', [...PSEUDO, 'connection', 'close'], 'connection-specific'],
    ['Transfer-Encoding', [...PSEUDO, 'transfer-encoding', 'chunked'], 'connection-specific'],
    ['Upgrade', [...PSEUDO, 'upgrade', 'websocket'], 'connection-specific'],
    ['Keep-Alive', [...PSEUDO, 'keep-alive', 'timeout=5'], 'connection-specific'],
    ['Proxy-Connection', [...PSEUDO, 'proxy-connection', 'close'], 'connection-specific'],
    ['TE beyond trailers', [...PSEUDO, 'te', 'gzip'], 'te'],
    ['two lengths', [...PSEUDO, 'content-length', '0', 'content-length', '0'], 'content-length'],
    ['a length that is none', [...PSEUDO, 'content-length', '+1'], 'content-length'],
    ['a length without a body', [...PSEUDO, 'content-length', '1'], 'content-length'],
    ['another expectation', [...PSEUDO, 'expect', 'tea'], 'expect'],
    ['too many fields', [...PSEUDO, ...Array.from({ length: 6 }, () => ['x-a', '1']).flat()], 'field-count'],
    ['a head that is too large', [...PSEUDO, 'x-a', 'a'.repeat(1000)], 'head-size'],
  ])('refuses %s', (_title, pairs, rule) => {
    expect(ruleOf(pairs)).toBe(rule);
  });
});

describe('parseHttp2Trailers', () => {
  it('keeps what may come late, and nothing that frames, routes or authorises', () => {
    const trailers = parseHttp2Trailers(
      ['x-sum', '1', 'content-length', '5', 'authorization', 'x', 'host', 'a'],
      LIMITS,
    );
    expect([...(trailers?.entries() ?? [])]).toEqual([['x-sum', '1']]);
  });

  it.each([[[':path', '/']], [['X', '1']], [['connection', 'close']]])('refuses %j', (pairs) => {
    expect(parseHttp2Trailers(pairs, LIMITS)).toBeUndefined();
  });
});
