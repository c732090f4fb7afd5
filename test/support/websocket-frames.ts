/** WebSocket frames by hand (RFC 6455 section 5.2), for clients and servers whose every byte a test must know. */

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WebSocketFrame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly isMasked: boolean;
  readonly payload: Buffer;
}

export interface FrameOptions {
  readonly masked?: boolean;
  readonly isFinal?: boolean;
}

export const webSocketFrame = (
  opcode: number,
  data: string | Buffer,
  { masked = false, isFinal = true }: FrameOptions = {},
): Buffer => {
  const payload = Buffer.from(data as string);
  const head = [(isFinal ? 0x80 : 0) | opcode];
  const bit = masked ? 0x80 : 0;
  if (payload.length < 126) head.push(bit | payload.length);
  else if (payload.length < 65_536) head.push(bit | 126, payload.length >> 8, payload.length & 0xff);
  else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(payload.length));
    head.push(bit | 127, ...length);
  }
  const key = [1, 2, 3, 4];
  const bytes = masked ? payload.map((byte, at) => byte ^ (key[at % 4] ?? 0)) : payload;
  return Buffer.concat([Buffer.from(head), Buffer.from(masked ? key : []), bytes]);
};

export const closeFrame = (code: number, reason = '', options: FrameOptions = {}): Buffer =>
  webSocketFrame(
    OPCODE.close,
    Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]),
    options,
  );

export const closeCodeOf = (frame: WebSocketFrame): number => frame.payload.readUInt16BE(0);

/** Cuts a stream of bytes into frames. Throws on what is none: a gateway that breaks a boundary must be seen. */
export class FrameReader {
  readonly frames: WebSocketFrame[] = [];
  private pending: Buffer = Buffer.alloc(0);

  /** Nothing of an unfinished frame is held. */
  get isBetweenFrames(): boolean {
    return this.pending.length === 0;
  }

  push(bytes: Buffer): void {
    this.pending = Buffer.concat([this.pending, bytes]);
    for (let frame = this.next(); frame !== undefined; frame = this.next()) this.frames.push(frame);
  }

  private next(): WebSocketFrame | undefined {
    const { pending } = this;
    if (pending.length < 2) return undefined;
    const [first = 0, second = 0] = pending;
    if ((first & 0x70) !== 0 && (first & 0x40) === 0) throw new Error('reserved bits');
    const short = second & 0x7f;
    const isMasked = (second & 0x80) !== 0;
    const lengthEnd = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    const start = lengthEnd + (isMasked ? 4 : 0);
    if (pending.length < start) return undefined;
    const length =
      short === 126 ? pending.readUInt16BE(2) : short === 127 ? Number(pending.readBigUInt64BE(2)) : short;
    if (pending.length < start + length) return undefined;
    const key = pending.subarray(lengthEnd, start);
    const bytes = pending.subarray(start, start + length);
    this.pending = pending.subarray(start + length);
    return {
      opcode: first & 0x0f,
      isFinal: (first & 0x80) !== 0,
      isMasked,
      payload: Buffer.from(isMasked ? bytes.map((byte, at) => byte ^ (key[at % 4] ?? 0)) : bytes),
    };
  }
}
