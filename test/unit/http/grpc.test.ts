/** The rules of gRPC: what a call is, how deadlines are written, what a status is called. */
import {
  encodeGrpcMessage,
  formatGrpcTimeout,
  grpcCallOf,
  grpcStatusIn,
  grpcStatusOf,
  grpcTimeoutLine,
  parseGrpcTimeout,
} from '../../../src/http/grpc.js';
import { FakeFields, fakeHead } from '../../support/fake-exchange.js';

const isCall = (method: string, type?: string): boolean =>
  grpcCallOf(fakeHead({ method, fields: type === undefined ? [] : [['content-type', type]] })) !== undefined;

it.each([
  'application/grpc',
  'application/grpc+proto',
  'application/grpc; charset=x',
  'Application/gRPC+json',
])('a POST of %s is a call', (type) => {
  expect(isCall('POST', type)).toBe(true);
  expect(isCall('GET', type)).toBe(false);
});

it.each([
  undefined,
  'application/json',
  'application/grpc-web',
  'application/grpc-web-text+proto',
  'application/grpcish',
])('a POST of %s is none', (type) => {
  expect(isCall('POST', type)).toBe(false);
});

it.each<readonly [string, number]>([
  ['1H', 3_600_000],
  ['2M', 120_000],
  ['3S', 3_000],
  ['250m', 250],
  ['1500u', 2],
  ['1n', 1],
  ['0m', 1],
  ['99999999H', 99_999_999 * 3_600_000],
])('the timeout %s is %d ms', (text, ms) => {
  expect(parseGrpcTimeout(text)).toBe(ms);
});

it.each([undefined, '', '1', 'S', '1s', '-1S', '1.5S', '123456789S', '1S ', '1S, 2S'])(
  'the timeout %j is none',
  (text) => {
    expect(parseGrpcTimeout(text)).toBeUndefined();
  },
);

it.each<readonly [number, string]>([
  [250.9, '250m'],
  [0.2, '1m'],
  [-5, '1m'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
  [1e12, '277777H'],
])('%d ms are written as %s', (ms, text) => {
  expect(formatGrpcTimeout(ms)).toBe(text);
});

it('what is written can be read again, and is never longer than it was', () => {
  for (const ms of [1, 999, 12_345_678, 99_999_999, 100_000_001, 5e11]) {
    const read = parseGrpcTimeout(formatGrpcTimeout(ms))!;
    expect(read).toBeLessThanOrEqual(ms);
    expect(read).toBeGreaterThan(ms - 3_600_000);
  }
});

it('a deadline is passed on as what is left of it, and none as nothing', () => {
  expect(grpcTimeoutLine({ status: -1, deadlineAtMs: 1_500 }, 1_000)).toBe('grpc-timeout: 500m\r\n');
  expect(grpcTimeoutLine({ status: -1, deadlineAtMs: Infinity }, 1_000)).toBe('');
  expect(grpcTimeoutLine(undefined, 1_000)).toBe('');
});

it.each([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [413, 8],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
  [418, 2],
  [500, 2],
])('HTTP %d is status %d', (status, code) => {
  expect(grpcStatusOf(status, 'upstream.head.timeout')).toBe(code);
});

it('a deadline that is over is DEADLINE_EXCEEDED', () => {
  expect(grpcStatusOf(504, 'upstream.exchange.timeout')).toBe(4);
});

it.each<readonly [string | undefined, number]>([
  ['0', 0],
  ['16', 16],
  ['', -1],
  ['x', -1],
  ['1234', -1],
  [undefined, -1],
])('a status written as %j is %d', (text, status) => {
  expect(grpcStatusIn(new FakeFields(text === undefined ? [] : [['grpc-status', text]]))).toBe(status);
});

it('a message is percent-encoded UTF-8, and plain where it can be', () => {
  expect(encodeGrpcMessage('plain text, (really)')).toBe('plain text, (really)');
  expect(encodeGrpcMessage('100 % ü\r\n')).toBe('100 %25 %C3%BC%0D%0A');
});
