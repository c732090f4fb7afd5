import fc from 'fast-check';
import { HeadFault } from '../../../../../src/proxy/codec/http1/head-fault.js';
import type { Http1RequestHead } from '../../../../../src/proxy/codec/http1/request-head.js';
import { parseRequestHead } from '../../../../../src/proxy/codec/http1/request-head.js';

const LIMITS = { requestLineBytes: 8192, headerCount: 100, allowUnderscores: false };

function parse(text: string, limits = LIMITS): Http1RequestHead | HeadFault {
  const bytes = Buffer.from(text, 'latin1');
  return parseRequestHead(bytes, { start: 0, end: bytes.length }, 'https', limits);
}

function accepted(text: string): Http1RequestHead {
  const head = parse(text);
  if (head instanceof HeadFault) throw new Error(`refused by ${head.rule}`);
  return head;
}

const get = (fields: string, line = 'GET /a?b=c HTTP/1.1'): string =>
  `${line}\r\nHost: a.test\r\n${fields}\r\n`;
const ruleOf = (text: string): string => {
  const head = parse(text);
  return head instanceof HeadFault ? head.rule : 'accepted';
};

describe('parseRequestHead', () => {
  it('reads a plain request', () => {
    expect(accepted(get('X-A: b\r\n'))).toMatchObject({
      method: 'GET',
      authority: 'a.test',
      host: 'a.test',
      path: '/a',
      query: '?b=c',
      httpVersion: '1.1',
      framing: 'none',
      keepAlive: true,
      upgrade: undefined,
    });
  });

  it('lets the authority of an absolute-form target replace Host (RFC 9112 section 3.2.2)', () => {
    const head = accepted(get('', 'GET http://B.test:81/x?y HTTP/1.1'));
    expect(head).toMatchObject({ authority: 'B.test:81', host: 'b.test', path: '/x', query: '?y' });
    expect(accepted(get('', 'GET https://b.test HTTP/1.1'))).toMatchObject({ path: '/' });
    expect(accepted(get('', 'GET http://b.test?q HTTP/1.1'))).toMatchObject({ path: '/', query: '?q' });
  });

  it('forgets the fields that Connection names, but not those that frame or route', () => {
    const head = accepted(get('Connection: X-Hop, Host\r\nX-Hop: 1\r\nX-Stay: 2\r\n'));
    expect(head.fields.has('x-hop')).toBe(false);
    expect(head.fields.has('host')).toBe(true);
    expect(head.fields.get('x-stay')).toBe('2');
  });

  it('tells of a path with two meanings what was asked for, as it was sent', () => {
    expect(parse(get('', 'GET /a/..%2fb?c HTTP/1.1'))).toMatchObject({
      rule: 'path',
      asked: { method: 'GET', host: 'a.test', path: '/a/..%2fb', query: '?c', httpVersion: '1.1' },
    });
    expect(parse(get('', 'GET http://B.test/%00 HTTP/1.1'))).toMatchObject({
      asked: { host: 'b.test', path: '/%00', query: '' },
    });
    expect(parse(get('Content-Length: x\r\n'))).toMatchObject({ asked: undefined });
  });

  it('drops names with an underscore unless they are allowed', () => {
    const wire = get('X_Auth: 1\r\n');
    expect(accepted(wire).fields.has('x_auth')).toBe(false);
    const allowing = parse(wire, { ...LIMITS, allowUnderscores: true });
    expect(allowing instanceof HeadFault ? undefined : allowing.fields.get('x_auth')).toBe('1');
  });

  it('sees an upgrade only where it can end in a tunnel', () => {
    const fields = 'Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n';
    expect(accepted(get(fields)).upgrade).toBe('websocket');
    expect(accepted(get('Upgrade: websocket\r\n')).upgrade).toBeUndefined();
    expect(accepted(get(`${fields}Content-Length: 1\r\n`)).upgrade).toBeUndefined();
    expect(accepted(get(fields, 'POST / HTTP/1.1')).upgrade).toBeUndefined();
    expect(accepted(get('Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n')).upgrade).toBeUndefined();
  });

  it('keeps HTTP/1.0 connections only when asked to', () => {
    expect(accepted('GET / HTTP/1.0\r\n\r\n')).toMatchObject({
      keepAlive: false,
      host: '',
      httpVersion: '1.0',
    });
    expect(accepted('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n').keepAlive).toBe(true);
    expect(accepted(get('Connection: close\r\n')).keepAlive).toBe(false);
  });

  it('waits for 100 only when there is a body to wait for, and not in HTTP/1.0', () => {
    expect(
      accepted(get('Expect: 100-Continue\r\nContent-Length: 3\r\n', 'POST / HTTP/1.1')).expectsContinue,
    ).toBe(true);
    expect(accepted(get('Expect: 100-continue\r\n')).expectsContinue).toBe(false);
    expect(
      accepted(get('Expect: 100-continue\r\nContent-Length: 3\r\n', 'POST / HTTP/1.0')).expectsContinue,
    ).toBe(false);
  });

  it.each([
    ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 'ambiguous-framing'],
    ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', 'ambiguous-framing'],
    ['Transfer-Encoding:\r\n', 'ambiguous-framing'],
    ['Transfer-Encoding: gzip, chunked\r\n', 'transfer-encoding'],
    ['Transfer-Encoding: xchunked\r\n', 'ambiguous-framing'],
    ['Transfer-Encoding: chunked, gzip\r\n', 'ambiguous-framing'],
    ['Content-Length: 5\r\nContent-Length: 5\r\n', 'content-length'],
    ['Content-Length: 5, 5\r\n', 'content-length'],
    ['Content-Length: +5\r\n', 'content-length'],
    ['Host: b.test\r\n', 'host'],
    ['Expect: 200-ok\r\n', 'expect'],
    ['X-A : b\r\n', 'field-colon'],
    [' X-A: b\r\n', 'field-name'],
    ['X-A: b\r\n c\r\n', 'field-name'],
    ['NoColon\r\n', 'field-colon'],
    ['X-A: a\rb\r\n', 'field-value'],
    ['X-A: a\nX-B: c\r\n', 'field-value'],
    ['X-A: a\0b\r\n', 'field-value'],
    ['X-\x01A: b\r\n', 'field-colon'],
    [': b\r\n', 'field-name'],
    ['X-A: 1\r\n'.repeat(100), 'field-count'],
  ])('refuses %j by the rule %s', (fields, rule) => {
    expect(ruleOf(get(fields, 'POST /a HTTP/1.1'))).toBe(rule);
  });

  it.each([
    ['GET  /a HTTP/1.1', 'request-line'],
    ['GET\t/a HTTP/1.1', 'request-line'],
    [' GET /a HTTP/1.1', 'request-line'],
    ['GET /a HTTP/1.1 ', 'request-line'],
    ['GET /a b HTTP/1.1', 'request-line'],
    ['GET /a', 'request-line'],
    ['GET /a http/1.1', 'request-line'],
    ['GET /a HTTP/11.1', 'request-line'],
    ['GET /a#f HTTP/1.1', 'request-line'],
    ['GET /\xe9 HTTP/1.1', 'request-line'],
    ['G(T /a HTTP/1.1', 'request-line'],
    ['GET /a HTTP/2.0', 'version'],
    ['GET /a HTTP/0.9', 'version'],
    ['GET a HTTP/1.1', 'target'],
    ['GET * HTTP/1.1', 'target'],
    ['GET a.test:80 HTTP/1.1', 'target'],
    ['GET http:///a HTTP/1.1', 'target'],
    ['GET http://u@b.test/a HTTP/1.1', 'target'],
    ['GET ftp://b.test/a HTTP/1.1', 'target'],
    ['GET /a/%2e%2e/b HTTP/1.1', 'path'],
    ['GET /%2f HTTP/1.1', 'path'],
    ['CONNECT a.test:80 HTTP/1.0', 'method'],
    ['CONNECT a.test HTTP/1.1', 'target'],
    ['CONNECT a.test:65536 HTTP/1.1', 'target'],
    ['CONNECT http://a.test:80 HTTP/1.1', 'target'],
    ['CONNECT /a HTTP/1.1', 'target'],
    ['TRACE / HTTP/1.1', 'method'],
    [`GET /${'a'.repeat(9000)} HTTP/1.1`, 'request-line-length'],
  ])('refuses the request line %j by the rule %s', (line, rule) => {
    expect(ruleOf(get('', line))).toBe(rule);
  });

  it('takes CONNECT in authority-form, and never another request behind it', () => {
    const head = parse(get('', 'CONNECT Db.test:5432 HTTP/1.1'));
    expect(head).toMatchObject({
      connect: 'tcp',
      authority: 'Db.test:5432',
      host: 'db.test',
      path: '/',
      keepAlive: false,
    });
  });

  it.each(['Content-Length: 0', 'Transfer-Encoding: chunked'])('refuses CONNECT with %s', (line) => {
    expect(ruleOf(get(`${line}\r\n`, 'CONNECT a.test:80 HTTP/1.1'))).toBe('connect-content');
  });

  it('is total: any bytes give a head or a fault, never a throw', () => {
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
    fc.assert(
      fc.property(noise, noise, (a, b) => {
        for (const wire of [
          `${a}\r\n\r\n`,
          get(`${a}: ${b}\r\n`),
          `GET ${a} HTTP/1.1\r\nHost: ${b}\r\n\r\n`,
        ]) {
          const bytes = Buffer.from(wire, 'latin1');
          const end = bytes.indexOf('\r\n\r\n') + 4;
          const head = parseRequestHead(bytes, { start: 0, end }, 'http', LIMITS);
          expect(head).toBeDefined();
        }
      }),
    );
  });
});
