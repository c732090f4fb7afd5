import {
  decodeHealthStatus,
  encodeHealthRequest,
} from '../../../../../src/server/primary/endpoints/probes/grpc-health-messages.js';

const framed = (...bytes: number[]): Buffer => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);

describe('the messages of gRPC health checking', () => {
  it('ask for a service by its name, or for the server with an empty message', () => {
    expect(encodeHealthRequest('')).toEqual(framed());
    expect(encodeHealthRequest('ab')).toEqual(framed(0x0a, 2, 0x61, 0x62));
    // Names longer than 127 bytes need a length of two.
    expect([...encodeHealthRequest('x'.repeat(200)).subarray(0, 8)]).toEqual([
      0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01,
    ]);
  });

  it('are read with unknown fields skipped, and a missing status as 0', () => {
    expect(decodeHealthStatus(framed(0x08, 1))).toBe(1);
    expect(decodeHealthStatus(framed())).toBe(0);
    expect(decodeHealthStatus(framed(0x12, 1, 0xff, 0x08, 2))).toBe(2);
    expect(decodeHealthStatus(framed(0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4, 0x08, 1))).toBe(1);
  });

  it('are refused when they are cut, compressed or no protobuf', () => {
    expect(decodeHealthStatus(Buffer.from([0, 0, 0]))).toBeUndefined();
    expect(decodeHealthStatus(Buffer.from([1, 0, 0, 0, 2, 8, 1]))).toBeUndefined();
    expect(decodeHealthStatus(Buffer.from([0, 0, 0, 0, 9, 8, 1]))).toBeUndefined();
    expect(decodeHealthStatus(framed(0x08, 0x80))).toBeUndefined();
    expect(decodeHealthStatus(framed(0x12, 9, 1))).toBeUndefined();
    expect(decodeHealthStatus(framed(0x0b, 1))).toBeUndefined();
  });
});
