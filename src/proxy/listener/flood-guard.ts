/**
 * Owns the question whether an HTTP/2 client makes work out of proportion to what it asks for. Each frame is cheap to send and
 * allowed by the protocol; only their number tells a flood from a client.
 */

/** Resets of streams that had not been answered in full. Leaving a page with a hundred requests under way is no flood. */
const RESET_BURST = 200;
const RESETS_PER_SECOND = 20;
/** PING and SETTINGS, each answered by Torus; nghttp2 gives up at 1000 answers that wait. Clients measure a path by pings as fast as data comes. */
const CONTROL_BURST = 500;
const CONTROLS_PER_SECOND = 100;
/** Bytes that carried neither a head nor a body: WINDOW_UPDATE, PRIORITY, unknown frames, padding, the heads of tiny frames. */
const MAX_OVERHEAD_BYTES = 256 * 1024;
/** nghttp2 has limits of its own, which differ by version: what it ends after so much for nothing was a flood. */
const SUSPICIOUS_BYTES = 8 * 1024;
/** Each byte of a head or body may have this many of framing, itself included. */
const BYTES_PER_REQUEST_BYTE = 3;
/** Keeps connections that live long and only ping from running up a total. */
const OVERHEAD_BYTES_PER_SECOND = 128;

/** So many at once, and so many a second. */
class Allowance {
  private readonly burst: number;
  private readonly perSecond: number;
  private left: number;
  private asOfMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.burst = burst;
    this.perSecond = perSecond;
    this.left = burst;
    this.asOfMs = nowMs;
  }

  /** False when it is used up. */
  spend(nowMs: number): boolean {
    this.left = Math.min(this.burst, this.left + ((nowMs - this.asOfMs) * this.perSecond) / 1000) - 1;
    this.asOfMs = nowMs;
    return this.left >= 0;
  }

  earn(): void {
    this.left += 1;
  }
}

export class FloodGuard {
  private readonly resets: Allowance;
  private readonly controls: Allowance;
  private readonly beganMs: number;
  private requestBytes = 0;
  private responseBytes = 0;

  constructor(nowMs: number) {
    this.beganMs = nowMs;
    this.resets = new Allowance(RESET_BURST, RESETS_PER_SECOND, nowMs);
    this.controls = new Allowance(CONTROL_BURST, CONTROLS_PER_SECOND, nowMs);
  }

  /** Part of a head or body came. */
  received(bytes: number): void {
    this.requestBytes += bytes;
    this.controls.earn();
  }

  /** Part of a head or body was sent: the client may answer it by WINDOW_UPDATE and PING. */
  sent(bytes: number): void {
    this.responseBytes += bytes;
    this.controls.earn();
  }

  /** A stream was reset before its end. False when that happened too often. */
  mayReset(nowMs: number): boolean {
    return this.resets.spend(nowMs);
  }

  /** A frame came that must be answered. False when there were too many. */
  mayControl(nowMs: number): boolean {
    return this.controls.spend(nowMs);
  }

  /** `bytesRead` is all that the connection ever brought. */
  isOverhead(bytesRead: number, nowMs: number): boolean {
    return this.overhead(bytesRead, nowMs) > MAX_OVERHEAD_BYTES;
  }

  /** Not yet too much, but more than a client makes that only breaks a rule. */
  isSuspicious(bytesRead: number, nowMs: number): boolean {
    return this.overhead(bytesRead, nowMs) > SUSPICIOUS_BYTES;
  }

  private overhead(bytesRead: number, nowMs: number): number {
    const earned = this.requestBytes * BYTES_PER_REQUEST_BYTE + this.responseBytes;
    return bytesRead - earned - ((nowMs - this.beganMs) * OVERHEAD_BYTES_PER_SECOND) / 1000;
  }
}
