import type { TransformCallback } from 'node:stream';
import { Transform } from 'node:stream';
import { FrameBoundaries } from './frame-boundaries.js';

/** FIN, opcode 8, no mask, two bytes: 1001. */
const GOING_AWAY = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

/**
 * What an upstream sends on a WebSocket, on its way to the client, with a place for one frame of Torus's own: a close frame that
 * says 1001 (RFC 6455 section 7.4.1), put where a frame has ended. Nothing follows it (section 5.5.1): what the upstream still
 * sends is dropped. Between the fragments of a message it may stand (section 5.4).
 */
export class GoingAway extends Transform {
  /** The close frame is on its way. */
  isTold = false;
  private readonly boundaries = new FrameBoundaries();
  private readonly onTold: () => void;
  private wanted = false;
  private ended = false;

  constructor(onTold: () => void) {
    super({ readableHighWaterMark: 1, writableHighWaterMark: 1 });
    this.onTold = onTold;
  }

  /** Tells the client as soon as a frame has ended. Not where the upstream has said the last word already. */
  tell(): void {
    this.wanted = true;
    this.tellWhereItMay();
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (!this.isTold) {
      const end = this.boundaries.pass(bytes, this.wanted);
      this.push(end === bytes.length ? bytes : bytes.subarray(0, end));
      this.tellWhereItMay();
    }
    callback();
  }

  override _flush(callback: TransformCallback): void {
    this.ended = true;
    callback();
  }

  private tellWhereItMay(): void {
    const { wanted, isTold, ended, destroyed, boundaries } = this;
    if (!wanted || isTold || ended || destroyed || boundaries.hasClosed || !boundaries.isBetweenFrames)
      return;
    this.isTold = true;
    this.push(GOING_AWAY);
    this.onTold();
  }
}
