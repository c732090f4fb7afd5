/** The reading of HTTP/2 response heads: what is taken, how its body is framed for the client, and what is refused. */
import { HeadFault } from '../../../../../src/proxy/codec/http1/head-fault.js';
import type { Http2ResponseHead } from '../../../../../src/proxy/codec/http2/response-parser.js';
import { parseHttp2ResponseHead } from '../../../../../src/proxy/codec/http2/response-parser.js';

const parse = (pairs: readonly string[], method = 'GET', endStream = false): Http2ResponseHead | HeadFault =>
  parseHttp2ResponseHead(pairs, { method, endStream });

const framingOf = (pairs: readonly string[], method = 'GET', endStream = false): readonly unknown[] => {
  const head = parse(pairs, method, endStream);
  if (head instanceof HeadFault) throw new Error(head.rule);
  return [head.framing, head.contentLength, head.statedLength];
};

const ruleOf = (pairs: readonly string[], method = 'GET', endStream = false): string => {
  const head = parse(pairs, method, endStream);
  return head instanceof HeadFault ? `${head.cause} ${head.rule}` : 'fine';
};

it('a head has its status, a phrase for HTTP/1.1, and its fields', () => {
  const head = parse([':status', '404', 'x-a', '1']) as Http2ResponseHead;
  expect([head.status, head.reason, [...head.fields.entries()]]).toEqual([404, 'Not Found', [['x-a', '1']]]);
});

it.each<readonly [string, readonly string[], string, boolean, readonly unknown[]]>([
  ['with a length', ['content-length', '5'], 'GET', false, ['length', 5, 5]],
  ['without one', [], 'GET', false, ['chunked', -1, -1]],
  ['that is empty', [], 'GET', true, ['length', 0, -1]],
  ['that is nothing but a status of gRPC', ['grpc-status', '0'], 'GET', true, ['chunked', -1, -1]],
  [
    'with a length and trailers',
    ['content-length', '5', 'trailer', 'x-sum'],
    'GET',
    false,
    ['chunked', -1, 5],
  ],
  ['to HEAD', ['content-length', '5'], 'HEAD', true, ['none', 5, 5]],
])('a response %s', (_what, fields, ...rest) => {
  const [method, endStream, expected] = rest;
  expect(framingOf([':status', '200', ...fields], method, endStream)).toEqual(expected);
});

it.each(['204', '304'])('a %s has no body, whatever it says', (status) => {
  expect(framingOf([':status', status, 'content-length', '9'])).toEqual(['none', 9, 9]);
});

it.each<readonly [string, readonly string[], boolean]>([
  ['upstream.head.malformed pseudo-field', ['x-a', '1'], false],
  ['upstream.head.malformed pseudo-field', ['x-a', '1', ':status', '200'], false],
  ['upstream.head.malformed status', [':status', '200', ':path', '/'], false],
  ['upstream.head.malformed status', [':status', '600'], false],
  ['upstream.head.malformed status', [':status', '20'], false],
  ['upstream.head.malformed field-name', [':status', '200', 'X-A', '1'], false],
  ['upstream.head.malformed field-value', [':status', '200', 'x-a', 'a\nb'], false],
  ['upstream.head.malformed connection-specific', [':status', '200', 'connection', 'close'], false],
  ['upstream.head.malformed content-length', [':status', '200', 'content-length', 'five'], false],
  ['upstream.head.malformed content-length', [':status', '200', 'content-length', '5'], true],
  ['upstream.head.malformed switching-protocols', [':status', '101'], false],
  ['upstream.head.malformed interim-end', [':status', '103'], true],
  ['upstream.head.too-large head-size', [':status', '200', 'x-a', 'a'.repeat(70_000)], false],
  [
    'upstream.head.too-large field-count',
    [':status', '200', ...Array.from({ length: 300 }, () => ['x-a', '1']).flat()],
    false,
  ],
])('%s', (rule, pairs, endStream) => {
  expect(ruleOf(pairs, 'GET', endStream)).toBe(rule);
});
