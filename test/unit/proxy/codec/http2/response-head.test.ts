import { fieldsOf } from '../../../../../src/http/field-block.js';
import { responseHeadersOf } from '../../../../../src/proxy/codec/http2/response-head.js';

const WRITING = { contentLength: -1, withTrailers: false, nowMs: 0 };

const headersOf = (
  pairs: readonly (readonly [string, string])[],
  status = 200,
  writing: object = {},
): object => {
  const head = { status, reason: 'OK', fields: fieldsOf(pairs), framing: 'none', contentLength: -1 } as const;
  return { ...responseHeadersOf(head, { ...WRITING, ...writing }) };
};

describe('responseHeadersOf', () => {
  it.each([
    'connection',
    'keep-alive',
    'proxy-connection',
    'transfer-encoding',
    'te',
    'upgrade',
    'http2-settings',
  ])('drops %s, which is of the upstream connection', (name) => {
    expect(headersOf([[name, 'x']])).not.toHaveProperty(name);
  });

  it('keeps what may not be joined apart, and joins lines of other names', () => {
    const pairs = [
      ['set-cookie', 'a=1'],
      ['vary', 'a'],
      ['set-cookie', 'b=2'],
      ['content-type', 'a/b'],
      ['vary', 'b'],
      ['set-cookie', 'c=3'],
      ['content-type', 'c/d'],
    ] as const;
    expect(headersOf(pairs)).toMatchObject({
      'set-cookie': ['a=1', 'b=2', 'c=3'],
      vary: 'a, b',
      'content-type': 'a/b, c/d',
    });
  });

  it('says the length that it is told, but not with 204', () => {
    expect(headersOf([['content-length', '9']], 200, { contentLength: 5 })).toMatchObject({
      'content-length': 5,
    });
    expect(headersOf([['content-length', '9']])).not.toHaveProperty('content-length');
    expect(headersOf([], 204, { contentLength: 0 })).not.toHaveProperty('content-length');
  });

  it('adds a date to final responses that have none', () => {
    expect(headersOf([])).toHaveProperty('date');
    expect(headersOf([['date', 'then']])).toHaveProperty('date', 'then');
    expect(headersOf([], 103)).not.toHaveProperty('date');
  });

  it('announces trailers only where some may follow', () => {
    expect(headersOf([['trailer', 'x']])).not.toHaveProperty('trailer');
    expect(headersOf([['trailer', 'x']], 200, { withTrailers: true })).toHaveProperty('trailer', 'x');
  });
});
