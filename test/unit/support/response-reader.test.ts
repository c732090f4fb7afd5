import { ResponseReader } from '../../support/response-reader.js';

const read = (text: string, { method = 'GET', step = text.length } = {}): ResponseReader => {
  const reader = new ResponseReader(method);
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  return reader;
};

describe.each([1, 3, 1000])('ResponseReader, fed %i bytes at a time', (step) => {
  it('reads a body by its length and leaves what follows', () => {
    const reader = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhelloHTTP/1.1 2', { step });
    const response = reader.result();
    expect([response.status, response.reason, response.text(), response.end]).toEqual([
      200,
      'OK',
      'hello',
      'complete',
    ]);
    expect(response.field('x-a')).toBe('b');
    expect(reader.rest.toString()).toBe('HTTP/1.1 2');
  });

  it('reads chunks, extensions and trailers', () => {
    const text =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nwiki\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n';
    const response = read(text, { step }).result();
    expect([response.text(), response.framing, response.end]).toEqual([
      'wiki0123456789',
      'chunked',
      'complete',
    ]);
    expect(response.trailers).toEqual([['X-T', '1']]);
  });

  it('collects interim responses before the final one', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n';
    const response = read(text, { step }).result();
    expect(response.interim.map(({ status }) => status)).toEqual([100, 103]);
    expect([response.status, response.framing, response.end]).toEqual([204, 'none', 'complete']);
  });

  it('takes 101 as final and leaves the bytes of the new protocol', () => {
    const reader = read('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nraw', { step });
    expect([reader.result().status, reader.rest.toString()]).toEqual([101, 'raw']);
  });
});

describe('ResponseReader', () => {
  it('expects no body after HEAD', () => {
    const response = read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { method: 'HEAD' }).result();
    expect([response.body.length, response.end]).toEqual([0, 'complete']);
  });

  it('takes a close as the end of a body without framing only', () => {
    const open = read('HTTP/1.1 200 OK\r\n\r\nhello');
    expect(open.done).toBe(false);
    open.finish('closed');
    expect([open.result().text(), open.result().end]).toEqual(['hello', 'complete']);
    const cut = read('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello');
    cut.finish('closed');
    expect([cut.result().text(), cut.result().end]).toEqual(['hello', 'closed']);
  });

  it('never takes a reset or silence for complete', () => {
    for (const how of ['reset', 'timeout'] as const) {
      const reader = read('HTTP/1.1 200 OK\r\n\r\nhello');
      reader.finish(how);
      expect(reader.result().end).toBe(how);
    }
  });

  it('misses the last chunk', () => {
    const reader = read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n');
    reader.finish('closed');
    expect([reader.result().text(), reader.result().end]).toEqual(['wiki', 'closed']);
  });

  it.each([
    ['a status line', 'HTTP/1.1 OK\r\n\r\n'],
    ['a field line', 'HTTP/1.1 200 OK\r\nbroken\r\n\r\n'],
    ['a chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['the end of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
  ])('throws on what is not %s', (_what, text) => {
    expect(() => read(text)).toThrow();
  });
});
