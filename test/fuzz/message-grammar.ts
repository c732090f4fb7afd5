/** Owns the shapes of generated requests and responses: most of them valid, the rest wrong in one place. */
import { cleanBody, oddBody } from './body-grammar.js';
import type { Random } from './random.js';

const METHODS = [
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'HEAD',
  'PROPFIND',
  'M-SEARCH',
  'QUERY',
] as const;
const ODD_METHODS = [
  'get',
  'CONNECT',
  'TRACE',
  'PRI',
  'G ET',
  '',
  'GET\t',
  '"GET"',
  'GETT',
  'X',
  "!#$%&'*+-.^_`|~",
  'G\0ET',
  ' GET',
  'DESCRIBE',
  'SOURCE',
] as const;

const TARGETS = [
  '/',
  '/a/b?c=d',
  '/a',
  '/%41%2d',
  '/a//b',
  '/a/../b',
  '/a/./b/',
  '/a?x=http://y/;z//',
  'http://h/p?q',
  'http://h',
  'https://H:1/x',
  '/~a;b=c',
  '/a?%zz&[]{}|',
] as const;
const ODD_TARGETS = [
  ...[
    '*',
    '',
    '/a b',
    '/a\tb',
    '/\xe9',
    '/a#b',
    '/../x',
    '/%2e%2e/x',
    '/%00',
    '/a%2fb',
    '/a\\b',
    '/%c0%af',
    'a',
    '//h/x',
    '?x',
    'http://',
    'http:///x',
  ],
  ...[
    'http://u@h/',
    'ftp://h/x',
    'h:80',
    '/\x7f',
    '/\0',
    '/%',
    '/a\x0bb',
    'http://h?x',
    'http://h#',
    '/[x]',
    'HTTP://h/x',
    'http://h:x/',
    '/..;/x',
  ],
] as const;

const ODD_VERSIONS = [
  'HTTP/1.2',
  'HTTP/1.9',
  'HTTP/2.0',
  'HTTP/0.9',
  'HTTP/1.10',
  'HTTP/01.1',
  'http/1.1',
  'HTTP/1.',
  'HTTP/1',
  '',
  'HTTP/1.1 ',
  ' HTTP/1.1',
  'HTTP/1.1\t',
  'HTTP/3.0',
  'HTP/1.1',
  'ICE/1.0',
  'RTSP/1.0',
  'HTTP /1.1',
] as const;

const HOSTS = [
  'Host: h',
  'Host: h',
  'Host: example.com:80',
  'host:h',
  'Host: [::1]:8',
  'HOST:\th\t',
] as const;
const ODD_HOSTS = [
  '',
  'Host: ',
  'Host: a\r\nHost: b',
  'Host: a, b',
  'Host: u@h',
  'Host : h',
  'Host: h/x',
  'Host: h h',
  ' Host: h',
  'Host: h\0',
  'Host: [::1',
  'Host: h:99999',
  'Host: \xe9',
  'Host;: h',
] as const;

const FIELDS = [
  'Accept: */*',
  'X-A: b',
  'x-empty:',
  'X-Tabs:\t a \tb \t',
  'Cookie: a=b; c=d',
  "x-!#$%&'*+-.^_`|~: v",
  'X-High: \xe9\xff',
  'Connection: keep-alive',
  'Connection: close',
  'Via: 1.0 fred',
  'TE: trailers',
];
const ODD_FIELDS = [
  ...[
    'X_Under: 1',
    'Connection: close, x-a',
    'Connection: keep-alive, close',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Connection: upgrade\r\nUpgrade: h2c',
    'Expect: 100-continue',
    'Expect: x',
    'Connection: content-length',
  ],
  ...[
    'Connection: transfer-encoding',
    'Connection: host',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: close',
    'Connection: closed',
    'Connection: "close"',
    'Connection:',
    'Connection: ,,',
    'X-Fold: a\r\n b',
    'X-Fold: a\r\n\tb',
    'X Space: 1',
  ],
  ...[
    'X-Nul: a\0b',
    'X-Cr: a\rb',
    'X-Lf: a\nb',
    'X-Vt: a\x0bb',
    'X-Del: \x7f',
    'NoColon',
    ': noname',
    'X-\xe9: 1',
    'X(Y): 1',
    'X:y:z',
    'X-Esc: \x1b',
    'x-cr-end: a\r',
    'X-Request-Id: 1',
    'X-Forwarded-For: 1.1.1.1',
    '\tX: y',
    'Trailer: x-t',
  ],
];
const EMPTY_LINES = [
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  ' \r\n',
  '',
] as const;

const ODD = 0.06;

function fieldLines(random: Random): string[] {
  return [...random.some(FIELDS, 0.1), ...(random.chance(0.3) ? random.some(ODD_FIELDS, 0.04) : [])];
}

function assemble(random: Random, first: string, lines: string[], wire: string): string {
  if (random.chance(0.3)) lines.sort(() => random.next() - 0.5);
  const end = random.chance(ODD) ? random.pick(EMPTY_LINES) : '\r\n';
  return `${[first, ...lines].map((line) => `${line}\r\n`).join('')}${end}${wire}`;
}

/** One request, as latin1. */
export function requestText(random: Random): string {
  const method = random.chance(ODD) ? random.pick(ODD_METHODS) : random.pick(METHODS);
  const target = random.chance(ODD) ? random.pick(ODD_TARGETS) : random.pick(TARGETS);
  const version = random.chance(ODD)
    ? random.pick(ODD_VERSIONS)
    : random.pick(['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0']);
  const body = random.chance(0.7) ? cleanBody(random) : oddBody(random);
  const host = random.chance(ODD) ? random.pick(ODD_HOSTS) : random.pick(HOSTS);
  const lines = [...(host === '' ? [] : [host]), ...fieldLines(random), ...body.lines];
  return `${random.chance(0.05) ? random.pick(['\r\n', '\r\n\r\n', '\n', '\r', ' ']) : ''}${assemble(random, `${method} ${target} ${version}`, lines, body.wire)}`;
}

const STATUS_LINES = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 200 ',
  'HTTP/1.1 206 P\xe9',
  'HTTP/1.1 503 a b\tc',
] as const;
const ODD_STATUS_LINES = [
  ...[
    'HTTP/1.1 200',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 2OO OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.2 200 OK',
    'HTTP/2.0 200 OK',
    'http/1.1 200 OK',
    'HTTP/1.1 600 X',
    'HTTP/1.1 000 X',
    'HTTP/1.1 099 X',
    'HTTP/1.1\t200 OK',
  ],
  ...[
    'HTTP/1.1 200 O\0K',
    'HTTP/1.1 200 O\rK',
    'HTTP/1.1 101 Switching',
    'HTTP/1.1 205 Reset',
    'HTTP/1.1 -20 X',
    'ICY 200 OK',
    '200 OK',
    ' HTTP/1.1 200 OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1 999 X',
    'HTTP/0.9 200 OK',
    'HTTP/1.1 200 \x7f',
  ],
] as const;
const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
  'HTTP/1.1 102 X\r\nContent-Length: 5\r\n\r\n',
  'HTTP/1.1 100\r\n\r\n',
  'HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n',
] as const;

/** Interim responses, a final one and sometimes bytes after it, as latin1. */
export function responseText(random: Random): string {
  const line = random.chance(ODD) ? random.pick(ODD_STATUS_LINES) : random.pick(STATUS_LINES);
  const body = random.chance(0.7) ? cleanBody(random) : oddBody(random);
  const interim = random.chance(0.1) ? random.pick(INTERIM) : '';
  return interim + assemble(random, line, [...fieldLines(random), ...body.lines], body.wire);
}
