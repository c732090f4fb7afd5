/** A socket without a network: what is pushed arrives at once, what is written is kept. */
import { Duplex } from 'node:stream';
import { SHARED_READ_BUFFER } from '../../src/proxy/codec/read-buffers.js';
import { READ_KEYS } from '../../src/proxy/listener/socket-reading.js';

export class MemorySocket extends Duplex {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  /** Everything that was written to it. */
  readonly written: Buffer[] = [];
  wasReset = false;

  constructor() {
    super({ allowHalfOpen: true });
    this.on('error', () => undefined); // how it ended is judged by what the reader said
  }

  /** The other side is done with it: closed, half or whole. */
  get isClosed(): boolean {
    return this.destroyed || this.writableEnded;
  }

  get sent(): string {
    return Buffer.concat(this.written).toString('latin1');
  }

  arrive(piece: Buffer): void {
    if (!this.destroyed) this.push(piece);
  }

  resetAndDestroy(): this {
    this.wasReset = true;
    return this.destroy();
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override _read(): void {
    // nothing to fetch: bytes come through `arrive`
  }

  override _write(piece: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(Buffer.from(piece));
    done();
  }
}

/** As an accepted socket, it reads into buffers that it is lent; others read into the shared one in between. */
export class AcceptedMemorySocket extends MemorySocket {
  readonly _handle = { useUserBuffer: (): void => undefined };

  override arrive(piece: Buffer): void {
    if (this.destroyed || READ_KEYS === undefined) return;
    const buffer = Reflect.get(this, READ_KEYS.buffer) as Buffer;
    const onRead = Reflect.get(this, READ_KEYS.callback) as (length: number, bytes: Buffer) => void;
    const nextBuffer = Reflect.get(this, READ_KEYS.generator) as () => Buffer | undefined;
    onRead(piece.copy(buffer), buffer);
    Reflect.set(this, READ_KEYS.buffer, nextBuffer() ?? buffer);
    SHARED_READ_BUFFER.fill('\r\n\r\nGET /stale HTTP/1.1\r\n\r\n', 0, 512);
  }
}
