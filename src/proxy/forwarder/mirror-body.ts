import type { MirrorConfig } from '../../contracts/config.js';
import type { Fields } from '../../contracts/fields.js';
import type { Body, BodyStream } from '../../contracts/message.js';
import type { MirrorResult } from '../../contracts/telemetry.js';
import type { Timer, Timers } from '../../contracts/timers.js';

/**
 * Owns the copy of a request body that is on its way elsewhere: looks on as the pieces go by and never asks for one, so that
 * the original is read at its own pace. Told exactly once what became of it.
 */

export interface MirrorBodyOptions {
  readonly timers: Timers;
  /** `bytes` are a copy; undefined for a request without a body. */
  readonly onWhole: (bytes: Buffer | undefined, trailers: Fields | undefined) => void;
  readonly onDropped: (result: MirrorResult) => void;
}

export class MirrorBody {
  private readonly body: Body;
  private readonly config: MirrorConfig;
  private readonly options: MirrorBodyOptions;
  private readonly timer: Timer;
  private pieces: Buffer[] = [];
  private bytes = 0;
  private over = false;

  constructor(body: Body, config: MirrorConfig, options: MirrorBodyOptions) {
    this.body = body;
    this.config = config;
    this.options = options;
    this.timer = options.timers.create(() => {
      this.drop('dropped-incomplete');
    });
  }

  collect(): void {
    const { body } = this;
    if (body.kind === 'none') this.finish(undefined, undefined);
    else if (body.kind === 'stream') this.follow(body.stream);
    else if (body.bytes.length > this.config.maxBodyBytes) this.drop('dropped-body');
    else this.finish(Buffer.from(body.bytes), body.trailers);
  }

  /** The worker stops, or its configuration is gone. */
  cancel(): void {
    this.drop('dropped-shutdown');
  }

  private follow(stream: BodyStream): void {
    this.timer.arm(this.config.timeoutMs);
    // A listener for data would make the stream flow before its reader is there: paused, it waits for that reader.
    stream.pause();
    stream.on('data', this.onPiece);
    stream.once('end', () => {
      if (!this.over) this.finish(Buffer.concat(this.pieces, this.bytes), stream.trailers);
    });
    stream.once('close', () => {
      this.drop('dropped-incomplete');
    });
  }

  /** Copied at once: the piece is read into again when the original has been sent. */
  private readonly onPiece = (piece: Buffer): void => {
    this.bytes += piece.length;
    if (this.bytes > this.config.maxBodyBytes) this.drop('dropped-body');
    else this.pieces.push(Buffer.from(piece));
  };

  private finish(bytes: Buffer | undefined, trailers: Fields | undefined): void {
    if (!this.end()) return;
    this.options.onWhole(bytes, trailers);
  }

  private drop(result: MirrorResult): void {
    if (this.end()) this.options.onDropped(result);
  }

  private end(): boolean {
    if (this.over) return false;
    this.over = true;
    this.timer.disarm();
    this.pieces = [];
    if (this.body.kind === 'stream') this.body.stream.off('data', this.onPiece);
    return true;
  }
}
