import fc from 'fast-check';
import { dropTable } from '../../../../../src/http/field-block.js';
import { BodyDecoder } from '../../../../../src/proxy/codec/http1/body-decoder.js';

interface Decoded {
  readonly body: string;
  readonly rest: string;
  readonly fault: string;
  readonly done: boolean;
  readonly trailers: string;
}

/** Feeds `wire` in pieces cut at `cuts`, each in a buffer of its own. */
function decode(
  wire: string,
  cuts: readonly number[] = [],
  framing: 'chunked' | 'length' = 'chunked',
  length = 0,
): Decoded {
  const decoder = new BodyDecoder(framing, length);
  const places = [0, ...[...cuts].sort((a, b) => a - b), wire.length];
  let body = '';
  let used = 0;
  for (let index = 1; index < places.length && !decoder.done && decoder.fault === ''; index += 1) {
    const piece = Buffer.from(wire.slice(places[index - 1], places[index]), 'latin1');
    used = (places[index - 1] ?? 0) + decoder.decode(piece, 0, piece.length);
    body += piece.toString('latin1', decoder.dataStart, decoder.dataEnd);
  }
  const trailers = decoder.trailers?.serialise(dropTable()) ?? '';
  return {
    body,
    rest: decoder.done ? wire.slice(used) : '',
    fault: decoder.fault,
    done: decoder.done,
    trailers,
  };
}

const chunkOf = (data: string): string => `${data.length.toString(16)}\r\n${data}\r\n`;

describe('BodyDecoder', () => {
  it('takes chunks apart, drops extensions and keeps trailers', () => {
    const wire = '5;name="v"\r\nhello\r\nB;x\r\n, the world\r\n000\r\nX-T: y\r\nX-U:z\r\n\r\nNEXT';
    expect(decode(wire)).toEqual({
      body: 'hello, the world',
      rest: 'NEXT',
      fault: '',
      done: true,
      trailers: 'X-T: y\r\nX-U: z\r\n',
    });
  });

  it('gives the same result however the bytes are split', () => {
    const bodies = fc.array(
      fc.string({ minLength: 1, maxLength: 40 }).map((s) => Buffer.from(s).toString('latin1')),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(400), { maxLength: 12 }), (chunks, cuts) => {
        const wire = `${chunks.map(chunkOf).join('')}0\r\nT: 1\r\n\r\nrest`;
        const whole = decode(wire);
        expect(whole).toMatchObject({ body: chunks.join(''), done: true, fault: '', rest: 'rest' });
        expect(
          decode(
            wire,
            cuts.filter((cut) => cut <= wire.length),
          ),
        ).toEqual(whole);
      }),
    );
  });

  it('joins tiny chunks of one read into one piece', () => {
    const wire = Buffer.from(`${chunkOf('a').repeat(1000)}0\r\n\r\n`);
    const decoder = new BodyDecoder('chunked', 0);
    decoder.decode(wire, 0, wire.length);
    expect(decoder.dataEnd - decoder.dataStart).toBe(1000);
    expect(wire.toString('latin1', decoder.dataStart, decoder.dataEnd)).toBe('a'.repeat(1000));
  });

  it('never throws and never reads past a fault, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const decoder = new BodyDecoder('chunked', 0);
        const used = decoder.decode(Buffer.from(bytes), 0, bytes.length);
        expect(used).toBeLessThanOrEqual(bytes.length);
        expect(decoder.dataEnd).toBeLessThanOrEqual(bytes.length);
        expect(decoder.done && decoder.fault !== '').toBe(false);
      }),
    );
  });

  it.each([
    ['5g\r\nhello', 'chunk-size'],
    [' 5\r\nhello', 'chunk-size'],
    ['-5\r\nhello', 'chunk-size'],
    ['0x5\r\nhello', 'chunk-size'],
    ['\r\n', 'chunk-size'],
    ['5 \r\nhello', 'chunk-size'],
    ['5\nhello', 'chunk-size'],
    ['5\rhello', 'chunk-size-line'],
    ['FFFFFFFFFFFFFFFF\r\n', 'chunk-size'],
    ['00000000000000005\r\n', 'chunk-size'],
    ['20000000000000\r\n', 'chunk-size'],
    ['5;a\rb\r\nhello', 'chunk-size-line'],
    ['5;a\0b\r\nhello', 'chunk-extension'],
    ['5;a\nb\r\nhello', 'chunk-extension'],
    [`5;${'a'.repeat(20_000)}\r\nhello`, 'chunk-extension-size'],
    ['5\r\nhelloXX', 'chunk-data-end'],
    ['5\r\nhello\n', 'chunk-data-end'],
    ['0\r\nX-T : y\r\n\r\n', 'trailer-line'],
    ['0\r\nX-T: y\n\r\n', 'trailer-line'],
    ['0\r\nGET /x HTTP/1.1\r\n\r\n', 'trailer-line'],
    [`0\r\n${'X-T: y\r\n'.repeat(3000)}\r\n`, 'trailer-size'],
  ])('refuses %j as %s', (wire, fault) => {
    expect(decode(wire)).toMatchObject({ fault, done: false });
  });

  it.each([
    ['chunks of one byte', chunkOf('x').repeat(30_000)],
    ['chunk sizes with leading zeros', `000000000000001\r\nx\r\n`.repeat(10_000)],
    ['an extension with each chunk', `1;a=${'b'.repeat(100)}\r\nx\r\n`.repeat(1_000)],
  ])('refuses a body that is mostly framing: %s', (_title, wire) => {
    expect(decode(wire)).toMatchObject({ fault: 'chunk-overhead', done: false });
    const { body } = decode(wire.slice(0, wire.length / 2));
    expect(body.length).toBeLessThan(22_000);
  });

  it('goes on with chunks of one byte for ever when they come as they happen, a few with each read', () => {
    const decoder = new BodyDecoder('chunked', 0);
    for (let read = 0; read < 20_000; read += 1) {
      const piece = Buffer.from(chunkOf('x').repeat(20));
      decoder.decode(piece, 0, piece.length);
    }
    expect([decoder.fault, decoder.decodedBytes]).toEqual(['', 400_000]);
  });

  it('forgives framing that is within twice the data: lines of text, signed chunks, one large chunk now and then', () => {
    const signed = `400;signature=${'f'.repeat(64)}\r\n${'x'.repeat(1024)}\r\n`;
    expect(decode(signed.repeat(1_000)).fault).toBe('');
    expect(decode(chunkOf('ab\n').repeat(100_000)).fault).toBe('');
    expect(decode(`${chunkOf('x').repeat(20_000)}${chunkOf('y'.repeat(32_000))}`.repeat(5)).fault).toBe('');
  });

  it.each([
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    'Host: evil.test',
    'Authorization: x',
    'Set-Cookie: a=b',
    'Connection: close',
  ])('does not let the trailer %s through', (line) => {
    expect(decode(`0\r\n${line}\r\nX-Ok: 1\r\n\r\n`)).toMatchObject({ done: true, trailers: 'X-Ok: 1\r\n' });
  });

  it('reads nothing past the end of a piece, whatever an earlier read left in the buffer', () => {
    const decoder = new BodyDecoder('chunked', 0);
    const reused = Buffer.from('001\r\nx\r\n');
    decoder.decode(reused, 0, reused.length);
    reused.write('0\r\n\r');
    expect([decoder.decode(reused, 0, 4), decoder.done]).toEqual([4, false]);
    reused.write('\n');
    expect([decoder.decode(reused, 0, 1), decoder.done]).toEqual([1, true]);
  });

  it('ends a body of known length exactly there', () => {
    expect(decode('helloNEXT', [2], 'length', 5)).toMatchObject({ body: 'hello', rest: 'NEXT', done: true });
  });

  it('takes the end of the connection for the end of the body only where nothing else says it', () => {
    const byClose = new BodyDecoder('close', 0);
    byClose.decode(Buffer.from('abc'), 0, 3);
    expect(byClose.finish()).toBe(true);
    const byLength = new BodyDecoder('length', 5);
    byLength.decode(Buffer.from('abc'), 0, 3);
    expect(byLength.finish()).toBe(false);
    expect(new BodyDecoder('chunked', 0).finish()).toBe(false);
  });
});
