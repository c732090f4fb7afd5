/** What an HTTP/2 upstream is told of a request: the fields that HTTP/1.1 would be sent, in their other form. */
import { requestHeadersOf } from '../../../../../src/proxy/codec/http2/request-writer.js';
import { FakeFields, fakeHead, type FakeHead, type FieldPairs } from '../../../../support/fake-exchange.js';

const headersOf = (fields: FieldPairs, head: FakeHead = {}, addedLines = 'host: example.test\r\n') => ({
  ...requestHeadersOf(
    {
      method: 'GET',
      target: '/a?b',
      head: fakeHead(head),
      fields: new FakeFields(fields),
      upgrade: undefined,
      addedLines,
      body: { kind: 'none' },
    },
    'https',
  ),
});

const PSEUDO = { ':method': 'GET', ':scheme': 'https', ':path': '/a?b', ':authority': 'example.test' };

it('Host becomes :authority, and the other lines of Torus fields', () => {
  expect(headersOf([], {}, 'host: example.test\r\nvia: 1.1 torus\r\nX-Id: a: b\r\n')).toEqual({
    ...PSEUDO,
    via: '1.1 torus',
    'x-id': 'a: b',
  });
});

it('what belongs to one connection, and what only Torus may say, is left out', () => {
  const names = [
    'connection',
    'keep-alive',
    'proxy-connection',
    'transfer-encoding',
    'upgrade',
    'http2-settings',
  ];
  const identity = [
    'host',
    'x-forwarded-for',
    'forwarded',
    'x-request-id',
    'x-real-ip',
    'via',
    'content-length',
  ];
  const fields = [...names, ...identity].map((name) => [name, '1'] as const);
  expect(headersOf([...fields, ['x-own', '1']])).toEqual({ ...PSEUDO, 'x-own': '1' });
});

it('lines of one name are one list, and cookies one cookie', () => {
  const fields = [
    ['accept', 'a'],
    ['accept', 'b'],
    ['cookie', 'c=1'],
    ['cookie', 'd=2'],
  ] as const;
  expect(headersOf(fields)).toEqual({ ...PSEUDO, accept: 'a, b', cookie: 'c=1; d=2' });
});

it.each([
  ['trailers', 'trailers'],
  ['gzip;q=0.5, Trailers', 'trailers'],
  ['gzip', undefined],
])('TE: %s is told as %s', (sent, told) => {
  expect(headersOf([['te', sent]]).te).toBe(told);
});

it('a length that the client stated is stated again, and so is an expectation', () => {
  const head = { framing: 'length', contentLength: 12, expectsContinue: true } as const;
  expect(headersOf([], head)).toEqual({ ...PSEUDO, 'content-length': '12', expect: '100-continue' });
});

it('trailers are announced where there is room for them', () => {
  const fields = [['trailer', 'x-sum']] as const;
  expect(headersOf(fields, { framing: 'chunked' }).trailer).toBe('x-sum');
  expect(headersOf(fields, { framing: 'length', contentLength: 1 }).trailer).toBeUndefined();
});
