/** A socket without a network: what is pushed arrives at once, what is written is kept. */
import { Duplex } from 'node:stream';

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
