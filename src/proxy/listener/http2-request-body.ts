import type { ServerHttp2Stream } from 'node:http2';
import type { Cause } from '../../contracts/cause.js';
import type { ListenerConfig } from '../../contracts/config.js';
import type { Fields } from '../../contracts/fields.js';
import type { BodyStream } from '../../contracts/message.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type { BodySource } from '../codec/http1/incoming-body.js';
import { IncomingBody } from '../codec/http1/incoming-body.js';
import { parseHttp2Trailers } from '../codec/http2/trailers.js';
import { BodyPace } from './body-pace.js';

export interface Http2RequestBodyOptions {
  readonly timers: Timers;
  readonly config: ListenerConfig;
  readonly onBytes: (count: number) => void;
  /** The body is at fault, or too slow. Called at most once. */
  readonly onFault: (cause: Cause, detail: string | undefined) => void;
}

/**
 * Owns the body of one HTTP/2 request: its pace, its limit, its trailers. While nobody reads it, the stream is paused, and the
 * client's window is not opened again.
 */
export class Http2RequestBody implements BodySource {
  readonly readable: BodyStream;
  /** All of it has arrived. */
  isComplete = false;
  bytes = 0;
  private readonly stream: ServerHttp2Stream;
  private readonly options: Http2RequestBodyOptions;
  private readonly body: IncomingBody;
  private readonly pace: BodyPace;
  private readonly timer: Timer;
  private trailers: Fields | undefined = undefined;
  private maxBytes = Infinity;
  private dropping = false;
  private relaxed = false;

  constructor(stream: ServerHttp2Stream, options: Http2RequestBodyOptions) {
    const { limits, timeouts } = options.config;
    this.stream = stream;
    this.options = options;
    this.body = new IncomingBody(this);
    // Its reader may be torn down before anybody looks at it; the exchange was told with the cause.
    this.body.on('error', ignoreReported);
    this.readable = this.body;
    this.pace = new BodyPace(timeouts.bodyGapMs, limits.bodyBytesPerSecond);
    this.timer = options.timers.create(() => {
      this.failSlow();
    });
    this.listen();
    this.await();
  }

  get waitingBytes(): number {
    return this.stream.readableLength;
  }

  limit(maxBytes: number): void {
    this.maxBytes = maxBytes;
  }

  /** Neither gaps nor slowness are at fault any more. */
  relax(): void {
    this.relaxed = true;
    this.timer.disarm();
  }

  pauseBody(): void {
    if (this.isComplete || this.dropping) return;
    this.timer.disarm();
    this.pace.stop(this.options.timers.now());
    this.stream.pause();
  }

  resumeBody(): void {
    if (this.isComplete || this.dropping || !this.stream.isPaused()) return;
    this.await();
    this.stream.resume();
  }

  abandonBody(): void {
    this.drop();
  }

  /** What still arrives is thrown away. */
  drop(): void {
    this.dropping = true;
    this.timer.disarm();
    this.stream.resume();
  }

  /** It will never be complete. */
  break(error: Error): void {
    if (this.isComplete || this.dropping) return;
    this.body.fail(error);
    this.drop();
  }

  private listen(): void {
    this.stream.on('data', (piece: Buffer) => {
      this.take(piece);
    });
    this.stream.on('trailers', (_headers: object, _flags: number, pairs?: readonly string[]) => {
      this.takeTrailers(pairs ?? []);
    });
    this.stream.on('end', () => {
      this.onEnd();
    });
  }

  private take(piece: Buffer): void {
    this.options.onBytes(piece.length);
    if (this.dropping) return;
    this.bytes += piece.length;
    if (this.bytes > this.maxBytes) this.fault('downstream.filter.too-large', undefined);
    else if (!this.relaxed && !this.pace.received(piece.length, this.options.timers.now())) this.failSlow();
    else {
      this.await();
      this.body.feed(piece);
    }
  }

  private takeTrailers(pairs: readonly string[]): void {
    const trailers = parseHttp2Trailers(pairs, this.options.config.limits);
    if (trailers === undefined) this.fault('downstream.body.malformed', 'trailers');
    else this.trailers = trailers;
  }

  /** Also comes when the client broke off: then it is no end. */
  private onEnd(): void {
    if (this.dropping || this.stream.aborted || this.stream.destroyed || this.stream.rstCode !== 0) return;
    this.isComplete = true;
    this.timer.disarm();
    this.body.complete(this.trailers);
  }

  private await(): void {
    if (!this.relaxed) this.timer.arm(this.pace.start(this.options.timers.now()));
  }

  private failSlow(): void {
    this.fault('downstream.body.timeout', this.pace.isSlow ? 'body-rate' : 'body-gap');
  }

  private fault(cause: Cause, detail: string | undefined): void {
    if (this.isComplete || this.dropping) return;
    this.timer.disarm();
    this.options.onFault(cause, detail);
  }
}

function ignoreReported(): void {
  // The stream told the exchange already, with the cause.
}
