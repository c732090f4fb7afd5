import { HeadFault } from '../../../../../src/proxy/codec/http1/head-fault.js';
import type { Http1ResponseHead } from '../../../../../src/proxy/codec/http1/response-head.js';
import { parseResponseHead } from '../../../../../src/proxy/codec/http1/response-head.js';

function parse(text: string, method = 'GET'): Http1ResponseHead | HeadFault {
  const bytes = Buffer.from(text, 'latin1');
  return parseResponseHead(bytes, { start: 0, end: bytes.length }, method);
}

const ruleOf = (text: string, method?: string): string => {
  const head = parse(text, method);
  return head instanceof HeadFault ? head.rule : 'accepted';
};

describe('parseResponseHead', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'GET', 'length', 5],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n', 'GET', 'chunked', -1],
    ['HTTP/1.1 200 OK\r\n\r\n', 'GET', 'close', -1],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', 'HEAD', 'none', 5],
    ['HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', 'GET', 'none', -1],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 'GET', 'none', 9],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'POST', 'none', -1],
  ])('frames %j for %s as %s', (text, method, framing, contentLength) => {
    expect(parse(text, method)).toMatchObject({ framing, contentLength });
  });

  it('keeps the reason, and takes a status line without one', () => {
    expect(parse('HTTP/1.1 404 Not here\r\n\r\n')).toMatchObject({ status: 404, reason: 'Not here' });
    expect(parse('HTTP/1.1 200 \r\n\r\n')).toMatchObject({ status: 200, reason: '' });
    expect(parse('HTTP/1.1 200\r\n\r\n')).toMatchObject({ status: 200, reason: '' });
  });

  it('knows whether the connection goes on', () => {
    expect(parse('HTTP/1.1 200 OK\r\n\r\n')).toMatchObject({ keepAlive: true });
    expect(parse('HTTP/1.0 200 OK\r\n\r\n')).toMatchObject({ keepAlive: false });
    expect(parse('HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n')).toMatchObject({ keepAlive: false });
  });

  it.each([
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', 'ambiguous-framing'],
    ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'ambiguous-framing'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', 'transfer-encoding'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n', 'content-length'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n', 'content-length'],
    ['HTTP/1.1 200 OK\r\nX-A : b\r\n\r\n', 'field-line'],
    ['HTTP/1.1 200 OK\r\nX-A: b\r\n fold\r\n\r\n', 'field-line'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 'status-line'],
    ['HTTP/1.1 099 OK\r\n\r\n', 'status-line'],
    ['HTTP/1.1 700 OK\r\n\r\n', 'status-line'],
    ['HTTP/1.1  200 OK\r\n\r\n', 'status-line'],
    ['ICY 200 OK\r\n\r\n', 'status-line'],
    ['HTTP/2.0 200 OK\r\n\r\n', 'version'],
  ])('refuses %j by the rule %s', (text, rule) => {
    expect(ruleOf(text)).toBe(rule);
  });
});
