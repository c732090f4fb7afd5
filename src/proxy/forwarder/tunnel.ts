import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { ByteCounter } from '../../contracts/exchange.js';
import type { Timer, Timers } from '../../contracts/timers.js';

/**
 * Owns two joined sockets after a validated 101: one pipeline each way. A FIN travels on and the other direction may go on for
 * a while; a failure of either side destroys both.
 */

export interface TunnelOptions {
  readonly timers: Timers;
  /** Without a byte in either direction for this long the tunnel is cut; 0 for never. */
  readonly idleMs: number;
  /** Bytes the upstream sent together with its 101. */
  readonly early: Buffer | undefined;
  readonly onEnd: (cause: Cause, detail: string | undefined) => void;
}

/** How long the second direction may be silent once the first has ended. */
const HALF_CLOSED_MS = 10_000;
/** An idle tunnel is noticed late by at most this share of its limit. */
const IDLE_CHECKS = 8;

export class Tunnel {
  readonly fromClient: ByteCounter;
  readonly toClient: ByteCounter;
  private readonly client: Duplex;
  private readonly upstream: Duplex;
  private readonly options: TunnelOptions;
  private readonly timer: Timer;
  /** Longest silence; 0 for no limit. */
  private limitMs: number;
  private lastTotal = -1;
  private quietMs = 0;
  private directionsOpen = 2;
  private failure: { readonly cause: Cause; readonly detail: string } | undefined;

  constructor(client: Duplex, upstream: Duplex, options: TunnelOptions) {
    this.client = client;
    this.upstream = upstream;
    this.options = options;
    this.limitMs = options.idleMs;
    this.fromClient = counterOf(upstream, 'bytesWritten');
    this.toClient = counterOf(client, 'bytesWritten');
    this.timer = options.timers.create(() => {
      this.checkIdle();
    });
    this.open();
  }

  destroy(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  private open(): void {
    const { client, upstream, options } = this;
    client.on('error', (error: NodeJS.ErrnoException) => {
      this.failure ??= { cause: 'downstream.tunnel.aborted', detail: error.code ?? 'error' };
    });
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      this.failure ??= { cause: 'upstream.tunnel.reset', detail: error.code ?? 'error' };
    });
    if (options.early !== undefined) upstream.unshift(options.early);
    pipeline(client, upstream, (error) => {
      this.endDirection(error, 'downstream.tunnel.aborted');
    });
    pipeline(upstream, client, (error) => {
      this.endDirection(error, 'upstream.tunnel.reset');
    });
    this.watchSilence();
  }

  private endDirection(error: NodeJS.ErrnoException | null | undefined, cause: Cause): void {
    if (error !== null && error !== undefined) {
      this.failure ??= { cause, detail: error.code ?? 'error' };
      this.destroy();
    }
    this.directionsOpen -= 1;
    if (this.directionsOpen > 0) {
      this.limitMs = Math.min(this.limitMs > 0 ? this.limitMs : HALF_CLOSED_MS, HALF_CLOSED_MS);
      this.quietMs = 0;
      this.watchSilence();
      return;
    }
    this.timer.disarm();
    this.destroy();
    this.options.onEnd(this.failure?.cause ?? 'ok', this.failure?.detail);
  }

  private watchSilence(): void {
    if (this.limitMs > 0) this.timer.arm(this.limitMs / IDLE_CHECKS);
  }

  /** Counts quiet time by comparing byte totals: no work per byte. */
  private checkIdle(): void {
    const total = this.fromClient.bytes + this.toClient.bytes;
    this.quietMs = total === this.lastTotal ? this.quietMs + this.limitMs / IDLE_CHECKS : 0;
    this.lastTotal = total;
    if (this.quietMs < this.limitMs) {
      this.watchSilence();
      return;
    }
    this.failure = {
      cause: 'upstream.tunnel.timeout',
      detail: this.directionsOpen === 2 ? 'idle' : 'half-closed',
    };
    this.destroy();
  }
}

/** Bytes since now, of a socket that has carried an HTTP head before. */
function counterOf(stream: Duplex, property: 'bytesWritten'): ByteCounter {
  const read = (): number => Number(Reflect.get(stream, property) ?? 0);
  const before = read();
  return {
    get bytes() {
      return read() - before;
    },
  };
}
