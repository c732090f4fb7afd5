import {
  SHARED_READ_BUFFER,
  giveReadBuffer,
  takeReadBuffer,
} from '../../../../src/proxy/codec/read-buffers.js';

describe('read buffers', () => {
  it('come back into use once nobody reads them, and not before', () => {
    const first = takeReadBuffer();
    expect(takeReadBuffer().buffer).not.toBe(first.buffer);
    giveReadBuffer(first.subarray(10, 20));
    expect(takeReadBuffer().buffer).toBe(first.buffer);
  });

  it('are never lent twice at once, however often a piece is given back', () => {
    const buffer = takeReadBuffer();
    giveReadBuffer(buffer);
    giveReadBuffer(buffer.subarray(5));
    const lent = [takeReadBuffer(), takeReadBuffer(), takeReadBuffer()].map((taken) => taken.buffer);
    expect(new Set(lent).size).toBe(3);
  });

  it('leave other memory alone', () => {
    const foreign = Buffer.alloc(100);
    giveReadBuffer(foreign);
    giveReadBuffer(SHARED_READ_BUFFER);
    expect([takeReadBuffer().buffer, takeReadBuffer().buffer]).not.toContain(SHARED_READ_BUFFER.buffer);
  });
});
