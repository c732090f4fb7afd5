/**
 * Owns the knowledge where the frames of a WebSocket begin and end (RFC 6455 section 5.2), from their heads alone: payloads are
 * passed over, whatever they hold. For one direction, from its first byte.
 */

/** Two bytes, the long form of the length, and a mask. */
const MAX_HEAD_BYTES = 14;
const CLOSE = 8;

export class FrameBoundaries {
  /** A close frame has begun: it is the last one of its direction. */
  hasClosed = false;
  private readonly head = Buffer.alloc(MAX_HEAD_BYTES);
  private headBytes = 0;
  private payloadLeft = 0;

  get isBetweenFrames(): boolean {
    return this.headBytes === 0 && this.payloadLeft === 0;
  }

  /** Goes on over these bytes, with `stop` to the end of a frame at the most. Returns how many were passed. */
  pass(bytes: Buffer, stop: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.payloadLeft > 0) {
        const step = Math.min(this.payloadLeft, bytes.length - at);
        this.payloadLeft -= step;
        at += step;
      } else {
        this.takeHeadByte(bytes[at] ?? 0);
        at += 1;
      }
      if (stop && this.isBetweenFrames) return at;
    }
    return at;
  }

  private takeHeadByte(byte: number): void {
    this.head[this.headBytes] = byte;
    this.headBytes += 1;
    if (this.headBytes < 2 || this.headBytes < this.headLength) return;
    this.headBytes = 0;
    this.payloadLeft = this.payloadLength;
    if (((this.head[0] ?? 0) & 0x0f) === CLOSE) this.hasClosed = true;
  }

  private get shortLength(): number {
    return (this.head[1] ?? 0) & 0x7f;
  }

  private get headLength(): number {
    const mask = (this.head[1] ?? 0) & 0x80 ? 4 : 0;
    const length = this.shortLength;
    return 2 + mask + (length === 126 ? 2 : length === 127 ? 8 : 0);
  }

  private get payloadLength(): number {
    const length = this.shortLength;
    if (length < 126) return length;
    return length === 126 ? this.head.readUInt16BE(2) : Number(this.head.readBigUInt64BE(2));
  }
}
