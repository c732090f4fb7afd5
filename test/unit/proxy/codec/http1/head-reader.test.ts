import fc from 'fast-check';
import type { HeadProgress } from '../../../../../src/proxy/codec/http1/head-reader.js';
import { HeadReader } from '../../../../../src/proxy/codec/http1/head-reader.js';

const LIMITS = { lineBytes: 100, headBytes: 400 };
const pieceOf = (bytes: Buffer, reused = false) => ({ bytes, start: 0, end: bytes.length, reused });
const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

function readInPieces(wire: string, cuts: readonly number[]): { progress: HeadProgress; head: string } {
  const reader = new HeadReader(LIMITS);
  const places = [0, ...[...cuts].sort((a, b) => a - b), wire.length];
  let progress: HeadProgress = 'partial';
  for (let index = 1; index < places.length && progress === 'partial'; index += 1) {
    const piece = Buffer.from(wire.slice(places[index - 1], places[index]));
    if (piece.length > 0) progress = reader.read(pieceOf(piece));
  }
  return { progress, head: reader.bytes.toString('latin1', reader.start, reader.end) };
}

describe('HeadReader', () => {
  it('finds the same head however it is split', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(HEAD.length), { maxLength: 8 }), (cuts) => {
        expect(readInPieces(`${HEAD}body`, cuts)).toEqual({ progress: 'complete', head: HEAD });
      }),
    );
  });

  it('holds a line of the greatest length while its end is on its way', () => {
    const line = `GET /${'a'.repeat(LIMITS.lineBytes - 14)} HTTP/1.1`;
    expect(line).toHaveLength(LIMITS.lineBytes);
    for (const cut of [line.length, line.length + 1])
      expect(readInPieces(`${line}\r\nHost: a\r\n\r\n`, [cut]).progress).toBe('complete');
    expect(readInPieces(`${line}a\r\nHost`, []).progress).toBe('line-too-long');
  });

  it('copies what it keeps of a buffer that will be overwritten', () => {
    const reader = new HeadReader(LIMITS);
    const shared = Buffer.from('GET / HTTP/1.1\r\nHo');
    expect(reader.read(pieceOf(shared, true))).toBe('partial');
    shared.fill(0);
    expect(reader.read(pieceOf(Buffer.from('st: a\r\n\r\n')))).toBe('complete');
    expect(reader.bytes.toString('latin1', reader.start, reader.end)).toBe(HEAD);
  });

  it('looks no further than the read when the buffer still holds an older one', () => {
    const reader = new HeadReader(LIMITS);
    const shared = Buffer.from(HEAD);
    expect(reader.read({ bytes: shared, start: 0, end: 20, reused: true })).toBe('partial');
    expect(reader.read(pieceOf(Buffer.from(HEAD.slice(20))))).toBe('complete');
    expect(reader.bytes.toString('latin1', reader.start, reader.end)).toBe(HEAD);
  });

  it('says at once what can only end badly', () => {
    expect(readInPieces('GET / HTTP/1.1\nHost: a\n\n', []).progress).toBe('bare-lf');
    expect(readInPieces('GET / HTTP/1.1\r\nHost: a\n', [20]).progress).toBe('bare-lf');
    expect(readInPieces(`GET /${'a'.repeat(120)}`, [5, 60]).progress).toBe('line-too-long');
    expect(readInPieces(`GET /${'a'.repeat(500)} HTTP/1.1\r\nHost: a\r\n\r\n`, []).progress).toBe(
      'line-too-long',
    );
    expect(readInPieces(`GET / HTTP/1.1\r\nX: ${'a'.repeat(400)}`, []).progress).toBe('too-large');
    expect(readInPieces(`GET / HTTP/1.1\r\nX: ${'a'.repeat(400)}\r\n\r\n`, []).progress).toBe('too-large');
  });
});
