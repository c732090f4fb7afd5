import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import type { Cause } from '../../contracts/cause.js';
import type { ByteCounter } from '../../contracts/exchange.js';
import type { FlowRecord } from '../../contracts/flow.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import { GoingAway } from './going-away.js';
import { watchTunnel } from './tunnel-flow.js';

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
  /** A WebSocket whose client is told when the gateway drains. */
  readonly tellsGoing: boolean;
  readonly flow: FlowRecord;
  readonly onEnd: (cause: Cause, detail: string | undefined) => void;
}

/** How long the second direction may be silent once the first has ended. */
const HALF_CLOSED_MS = 10_000;
/** How long a client that was told to go may take to close. */
const GOING_MS = 5_000;
/**
 * Two pipelines on one socket, on top of what TLS and the connection listen for, are more than the ten listeners of a kind of
 * which Node warns as a leak (a line of plain text for each such socket). A tunnel adds them once.
 */
const MAX_LISTENERS = 20;
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
  private readonly going: GoingAway | undefined;
  private goingTimer: Timer | undefined = undefined;
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
    this.going = options.tellsGoing ? this.createGoing() : undefined;
    this.open();
  }

  /** The gateway drains. */
  drain(): void {
    this.going?.tell();
  }

  /** The client closes with a frame of its own, which the upstream gets; whoever does not is cut. */
  private createGoing(): GoingAway {
    return new GoingAway(() => {
      this.goingTimer = this.options.timers.create(() => {
        this.failure ??= { cause: 'internal.drain.cut', detail: 'close-unanswered' };
        this.destroy();
      });
      this.goingTimer.arm(GOING_MS);
    });
  }

  destroy(): void {
    this.client.destroy();
    this.upstream.destroy();
  }

  private open(): void {
    const { client, upstream, options } = this;
    for (const end of [client, upstream]) end.setMaxListeners(MAX_LISTENERS);
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
    const onDelivered = (error: NodeJS.ErrnoException | null): void => {
      this.endDirection(error, 'upstream.tunnel.reset');
    };
    if (this.going === undefined) pipeline(upstream, client, onDelivered);
    else pipeline(upstream, this.going, client, onDelivered);
    watchTunnel({ client, upstream, between: this.going }, options.flow);
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
    this.end();
  }

  private end(): void {
    this.timer.disarm();
    this.goingTimer?.disarm();
    this.destroy();
    const detail = this.going?.isTold === true ? 'going-away' : undefined;
    this.options.onEnd(this.failure?.cause ?? 'ok', this.failure?.detail ?? detail);
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
