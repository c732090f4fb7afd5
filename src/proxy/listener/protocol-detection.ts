import type { Socket } from 'node:net';
import type { DownstreamCloseReason } from '../../contracts/close-reason.js';
import type { Timer, Timers } from '../../contracts/timers.js';

/**
 * Owns the first look at a plain connection that may speak either protocol: HTTP/2 begins with `PRI `, which no HTTP/1.1 method
 * does. What was read is put back, so that whoever serves the connection begins with its first byte.
 */

const PREFACE = Buffer.from('PRI ');

export interface DetectionOptions {
  readonly timers: Timers;
  readonly timeoutMs: number;
  readonly onHttp1: () => void;
  readonly onHttp2: () => void;
  /** It closed, or said nothing, before anybody could know. */
  readonly onGone: (reason: DownstreamCloseReason) => void;
}

export function detectProtocol(socket: Socket, options: DetectionOptions): void {
  new Detection(socket, options).begin();
}

class Detection {
  private readonly socket: Socket;
  private readonly options: DetectionOptions;
  private readonly timer: Timer;
  private seen: Buffer = Buffer.alloc(0);
  private reason: DownstreamCloseReason = 'peer-closed';

  constructor(socket: Socket, options: DetectionOptions) {
    this.socket = socket;
    this.options = options;
    this.timer = options.timers.create(() => {
      this.reason = 'idle';
      socket.destroy();
    });
  }

  begin(): void {
    this.timer.arm(this.options.timeoutMs);
    this.socket.on('data', this.onData);
    this.socket.on('end', this.onEnd);
    this.socket.on('close', this.onClose);
    // Paused, where a PROXY header was read before.
    this.socket.resume();
  }

  private readonly onData = (chunk: Buffer): void => {
    this.seen = this.seen.length === 0 ? chunk : Buffer.concat([this.seen, chunk]);
    const length = Math.min(this.seen.length, PREFACE.length);
    const isPreface = this.seen.compare(PREFACE, 0, length, 0, length) === 0;
    if (isPreface && length < PREFACE.length) return;
    this.leave();
    this.socket.unshift(this.seen);
    if (isPreface) this.options.onHttp2();
    else this.options.onHttp1();
  };

  private readonly onEnd = (): void => {
    this.socket.destroy();
  };

  private readonly onClose = (): void => {
    this.leave();
    this.options.onGone(this.reason);
  };

  private leave(): void {
    this.timer.disarm();
    this.socket.pause();
    this.socket.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose);
  }
}
