import fc from 'fast-check';
import type { Body } from '../../../../src/contracts/message.js';
import { SHARED_READ_BUFFER } from '../../../../src/proxy/codec/read-buffers.js';
import type { RequestEvents } from '../../../../src/proxy/listener/request-reader.js';
import { RequestReader } from '../../../../src/proxy/listener/request-reader.js';

const LIMITS = { requestLineBytes: 8192, headBytes: 16_384, headerCount: 100, allowUnderscores: false };

const WIRE = [
  'GET /first HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world',
  '\r\nPOST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\nT: v\r\n\r\n',
  'GET /last HTTP/1.1\r\nHost: a\r\n\r\n',
].join('');
const EXPECTED = ['GET /first ', 'POST /length hello world', 'POST /chunked wikipedia', 'GET /last '];

/** Reads as a connection would that answers each request at once when it is whole. */
class Connection implements RequestEvents {
  readonly requests: string[] = [];
  readonly faults: string[] = [];
  readonly reader: RequestReader;
  /** What its socket reads into: it asks when a read is done, and not again before the next. */
  private buffer: Buffer;

  constructor(scheme: 'http' | 'https') {
    this.reader = new RequestReader(this, { scheme, limits: LIMITS });
    this.buffer = this.reader.nextBuffer();
  }

  /** One read, and rubbish of other connections in the shared buffer after it. */
  read(piece: string): void {
    this.reader.onRead(this.buffer, this.buffer.write(piece, 'latin1'), true);
    this.buffer = this.reader.nextBuffer();
    SHARED_READ_BUFFER.fill('\r\n\r\n', 0, 512);
  }

  onRequest(head: { readonly method: string; readonly path: string }, body: Body): void {
    const place = this.requests.push(`${head.method} ${head.path} `) - 1;
    const add = (bytes: Buffer): void => {
      this.requests[place] = (this.requests[place] ?? '') + bytes.toString('latin1');
    };
    if (body.kind === 'complete') add(body.bytes);
    if (body.kind === 'stream') body.stream.on('data', add).on('end', () => this.reader.next());
    else this.reader.next();
  }

  onRefused(cause: string, rule: string): void {
    this.faults.push(`${cause} ${rule}`);
  }

  onBodyFault(cause: string): void {
    this.faults.push(cause);
  }

  onHeadBegun(): void {}
  onBodyBytes(): void {}
  onBodyEnd(): void {}
  onFull(): void {}
  pauseBody(): void {}
  resumeBody(): void {}
  abandonBody(): void {}
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('RequestReader', () => {
  it.each(['http', 'https'] as const)(
    'hands out the same %s requests however they are split, out of buffers that others overwrite',
    async (scheme) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(WIRE.length), { maxLength: 12 }), async (cuts) => {
          const connection = new Connection(scheme);
          const places = [0, ...cuts.sort((a, b) => a - b), WIRE.length];
          for (let index = 1; index < places.length; index += 1) {
            const piece = WIRE.slice(places[index - 1], places[index]);
            if (piece !== '') connection.read(piece);
            if (index % 3 === 0) await turns(1);
          }
          for (let waited = 0; connection.requests.length < EXPECTED.length && waited < 20; waited += 1)
            await turns(1);
          await turns(3);
          expect(connection.faults).toEqual([]);
          expect(connection.requests).toEqual(EXPECTED);
        }),
        { numRuns: 200 },
      );
    },
  );

  it('counts the bytes of a streamed body for its own request only', () => {
    const connection = new Connection('http');
    connection.read('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
    connection.read('cd');
    expect(connection.reader.bodyBytes).toBe(4);
    connection.reader.next();
    connection.read('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(connection.reader.bodyBytes).toBe(0);
  });

  it('reads no more than a bounded number of bytes ahead', () => {
    const connection = new Connection('http');
    let full = 0;
    connection.onFull = () => (full += 1);
    connection.read('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
    connection.read(`cd${'x'.repeat(60_000)}`);
    expect(full).toBe(0);
    connection.read('x'.repeat(6000));
    expect(full).toBe(1);
  });
});
