import type { BlockedSide, FlowRecord, FlowSource, FlowWatch } from '../contracts/flow.js';
import type { Timers } from '../contracts/timers.js';

/**
 * Owns the measure of one exchange's backpressure: how long either side took none of the bytes there were for it, and how many
 * bytes waited. Made for exchanges that stream only.
 */

/** A wait below this is a turn of the event loop: over TLS and HTTP/2 no write is confirmed within its own turn. */
const LEAST_WAIT_MS = 1;

/** Blocked at this moment. */
export interface BlockedNow {
  readonly side: BlockedSide;
  readonly forMs: number;
}

export class ExchangeFlow implements FlowRecord {
  readonly timers: Timers;
  peakBufferedBytes = 0;
  /** When a byte last went by, on the coarse monotonic clock; -1 before the first. */
  lastMovedAtMs = -1;
  private client: Direction | undefined = undefined;
  private upstream: Direction | undefined = undefined;
  private clientMs = 0;
  private upstreamMs = 0;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  get blockedOnClientMs(): number {
    return this.clientMs + (this.client?.blockedMs ?? 0);
  }

  get blockedOnUpstreamMs(): number {
    return this.upstreamMs + (this.upstream?.blockedMs ?? 0);
  }

  toClient(source: FlowSource): FlowWatch {
    this.clientMs = this.blockedOnClientMs;
    return (this.client = this.begin(source));
  }

  toUpstream(source: FlowSource): FlowWatch {
    this.upstream?.onTaken();
    this.upstreamMs = this.blockedOnUpstreamMs;
    return (this.upstream = this.begin(source));
  }

  /** A response that was sent whole, without a stream, waited for the client. */
  noteWhole(waitedMs: number, bytes: number): void {
    this.clientMs += waitedMs;
    this.noteHeld(bytes);
  }

  /** So many bytes were held at once for another reason than a blocked side. */
  noteHeld(bytes: number): void {
    if (bytes > this.peakBufferedBytes) this.peakBufferedBytes = bytes;
  }

  /** The exchange has ended: nothing waits any more. */
  settle(): void {
    this.client?.onTaken();
    this.upstream?.onTaken();
  }

  /** Bytes that wait now. */
  get bufferedBytes(): number {
    return (this.client?.bufferedBytes ?? 0) + (this.upstream?.bufferedBytes ?? 0);
  }

  /** The side that has been blocked for longer. */
  blockedNow(): BlockedNow | undefined {
    const clientMs = this.client?.waitsForMs ?? 0;
    const upstreamMs = this.upstream?.waitsForMs ?? 0;
    if (Math.max(clientMs, upstreamMs) < LEAST_WAIT_MS) return undefined;
    return clientMs >= upstreamMs
      ? { side: 'client', forMs: clientMs }
      : { side: 'upstream', forMs: upstreamMs };
  }

  /** What waits is at its most when something of it is about to be taken. */
  notePeak(): void {
    this.noteHeld(this.bufferedBytes);
  }

  private begin(source: FlowSource): Direction {
    const direction = new Direction(this, source);
    // What has arrived before anybody could take it.
    this.noteHeld(this.bufferedBytes + direction.bufferedBytes);
    return direction;
  }
}

/** One way that bytes go. */
class Direction implements FlowWatch {
  private readonly owner: ExchangeFlow;
  private readonly source: FlowSource;
  private totalMs = 0;
  /** -1 while nothing waits. */
  private sinceMs = -1;
  private waitingBytes = 0;

  constructor(owner: ExchangeFlow, source: FlowSource) {
    this.owner = owner;
    this.source = source;
  }

  get bufferedBytes(): number {
    return this.waitingBytes + (this.source.waitingBytes ?? this.source.readableLength);
  }

  get waitsForMs(): number {
    return this.sinceMs < 0 ? 0 : this.owner.timers.now() - this.sinceMs;
  }

  get blockedMs(): number {
    const { waitsForMs } = this;
    return waitsForMs < LEAST_WAIT_MS ? this.totalMs : this.totalMs + waitsForMs;
  }

  onMoved(): void {
    this.owner.lastMovedAtMs = this.owner.timers.coarseNow();
  }

  onBlocked(bytes: number): void {
    this.waitingBytes = bytes;
    if (this.sinceMs < 0) this.sinceMs = this.owner.timers.now();
  }

  onTaken(): void {
    if (this.sinceMs < 0) return;
    this.owner.notePeak();
    this.totalMs = this.blockedMs;
    this.sinceMs = -1;
    this.waitingBytes = 0;
  }
}
