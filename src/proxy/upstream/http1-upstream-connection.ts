// Over 400 lines: one state machine, whose phases cannot be told apart from outside.
import type { Socket } from 'node:net';
import type { Cause } from '../../contracts/cause.js';
import type { UpstreamCloseReason } from '../../contracts/close-reason.js';
import type { Body } from '../../contracts/message.js';
import type { Timer } from '../../contracts/timers.js';
import type {
  AttemptFailure,
  AttemptObserver,
  CheckoutOptions,
  UpstreamConnection,
  UpstreamRequest,
} from '../../contracts/upstream.js';
import { FieldBlock, fieldsOf } from '../../http/field-block.js';
import * as known from '../../http/known-fields.js';
import type { IncomingBody } from '../codec/http1/incoming-body.js';
import { chunkedWhole, writeWhole } from '../codec/http1/message-writer.js';
import type { BodyTarget } from '../codec/http1/outgoing-body.js';
import { OutgoingBody } from '../codec/http1/outgoing-body.js';
import { serialiseRequestHead } from '../codec/http1/request-serialiser.js';
import type { Http1ResponseHead } from '../codec/http1/response-head.js';
import type { BusyEndpoint, ConnectionHome, PooledConnection } from './connection-home.js';
import {
  bodyFailure,
  codeOf,
  connectFailure,
  finalFailure,
  safeFailure,
  waitFailure,
} from './attempt-failure.js';
import type { ResponseEvents } from './response-reader.js';
import { ResponseReader } from './response-reader.js';

/**
 * Owns one HTTP/1.1 connection to an endpoint from connect to close: one exchange at a time, then back to the pool.
 */

export interface ConnectionKind {
  /** It goes to the pool; else it may become one end of a tunnel. */
  readonly pooled: boolean;
  readonly preamble: string | undefined;
}

type Phase = 'connecting' | 'idle' | 'waiting' | 'responding' | 'done' | 'switched' | 'closed';

export class Http1UpstreamConnection
  implements UpstreamConnection, PooledConnection, ResponseEvents, BodyTarget
{
  readonly socket: Socket;
  readonly endpoint: BusyEndpoint;
  reused = false;
  readonly watchesSilence = false;
  readonly preamble: string | undefined;
  private readonly home: ConnectionHome;
  private readonly reader: ResponseReader;
  private readonly timer: Timer;
  private readonly pooled: boolean;
  private phase: Phase = 'connecting';
  private tcpConnected = false;
  private leased = false;
  private observer: AttemptObserver | undefined = undefined;
  private options: CheckoutOptions | undefined = undefined;
  private request: UpstreamRequest | undefined = undefined;
  private requestSent = false;
  private persistent = true;
  private idleLimitMs: number;
  private closeReason: UpstreamCloseReason = 'peer-closed';

  constructor(home: ConnectionHome, connectTimeoutMs: number, { pooled, preamble }: ConnectionKind) {
    this.home = home;
    this.endpoint = home.endpoint;
    this.pooled = pooled;
    this.preamble = preamble;
    this.idleLimitMs = home.idleTimeoutMs;
    this.reader = new ResponseReader(this, home.dialer.isTls);
    this.timer = home.timers.create(() => {
      this.onTimeout();
    });
    this.timer.arm(connectTimeoutMs);
    this.socket = this.dial();
    this.listen();
    home.telemetry.socketOpened('upstream', home.endpoint.label);
  }

  private dial(): Socket {
    const { dialer } = this.home;
    if (this.preamble !== undefined) return dialer.dialPreceded(this.preamble);
    if (!this.pooled) return dialer.dialTunnel();
    return dialer.dialPooled({
      nextBuffer: () => this.reader.nextBuffer(),
      onRead: (bytes, length, reused) => {
        this.receive(bytes, length, reused);
      },
    });
  }

  get state(): PooledConnection['state'] {
    if (this.phase === 'connecting' || this.phase === 'idle') return this.phase;
    return this.phase === 'switched' ? 'tunnels' : 'active';
  }

  assign(observer: AttemptObserver, options: CheckoutOptions): void {
    this.observer = observer;
    this.options = options;
    this.leased = true;
    this.endpoint.active += 1;
    if (this.phase === 'connecting') return;
    this.begin(observer);
  }

  send(request: UpstreamRequest): OutgoingBody | undefined {
    this.request = request;
    this.reader.expect(request.method);
    const head = serialiseRequestHead(request);
    const { body } = request;
    if (body.kind === 'stream') {
      this.socket.write(head, 'latin1');
      return new OutgoingBody(this, {
        chunked: request.head.framing === 'chunked',
        trailers: () => blockOf(body.stream.trailers),
      });
    }
    if (body.kind === 'none') writeWhole(this.socket, head, undefined);
    else
      writeWhole(
        this.socket,
        head,
        request.head.framing === 'chunked' ? chunkedWhole(body.bytes, body.trailers) : body.bytes,
      );
    this.onBodySent();
    return undefined;
  }

  release(): void {
    const clean = this.phase === 'done' && this.requestSent && this.persistent;
    const reusable = clean && this.pooled && !this.socket.destroyed;
    this.observer = undefined;
    this.request = undefined;
    this.endLease();
    if (!reusable) {
      this.destroy('not-reusable');
      return;
    }
    this.phase = 'idle';
    this.reused = true;
    this.home.putBack(this);
  }

  cancel(): void {
    this.destroy();
  }

  destroy(reason: UpstreamCloseReason = 'aborted'): void {
    this.note(this.phase === 'switched' ? 'tunnel-ended' : reason);
    this.observer = undefined;
    this.endLease();
    this.reader.close();
    this.timer.disarm();
    this.socket.destroy();
  }

  /** The first reason is the one that counts. */
  private note(reason: UpstreamCloseReason): void {
    if (this.closeReason === 'peer-closed') this.closeReason = reason;
  }

  private endLease(): void {
    if (!this.leased) return;
    this.leased = false;
    this.endpoint.active -= 1;
  }

  rest(): void {
    this.timer.arm(this.idleLimitMs);
  }

  get restedMs(): number {
    return this.idleLimitMs - this.timer.remainingMs;
  }

  evict(reason: UpstreamCloseReason): void {
    this.closeReason = reason;
    this.home.forget(this);
    this.socket.destroy();
  }

  // ---- the socket ----------------------------------------------------------------------------------------------------

  private listen(): void {
    const { socket, home } = this;
    if (!this.pooled || this.preamble !== undefined) socket.on('data', this.onUnpooledData);
    socket.on(home.dialer.isTls ? 'secureConnect' : 'connect', () => {
      this.onConnected();
    });
    if (home.dialer.isTls) {
      socket.on('connect', () => {
        this.tcpConnected = true;
      });
    }
    socket.on('end', () => {
      this.onGone('closed');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.onError(error);
    });
    socket.on('close', () => {
      this.onClose();
    });
  }

  private readonly onUnpooledData = (chunk: Buffer): void => {
    this.receive(chunk, chunk.length, false);
  };

  private onConnected(): void {
    this.timer.disarm();
    this.phase = 'idle';
    const { observer } = this;
    if (observer === undefined) this.home.putBack(this);
    else this.begin(observer);
  }

  private begin(observer: AttemptObserver): void {
    this.timer.disarm();
    this.phase = 'waiting';
    this.requestSent = false;
    observer.onConnected(this);
  }

  private onError(error: NodeJS.ErrnoException): void {
    this.note('error');
    if (this.phase === 'connecting') this.fail(connectFailure(error, this.tcpConnected));
    else this.onGone(codeOf(error));
  }

  private onClose(): void {
    this.timer.disarm();
    if (this.phase === 'switched') this.note('tunnel-ended');
    this.onGone('closed');
    this.phase = 'closed';
    this.endLease();
    this.home.forget(this);
    this.home.telemetry.socketClosed('upstream', this.endpoint.label, this.closeReason);
  }

  /** The endpoint ended or broke the connection. Only the end of a close-delimited body may look like this. */
  private onGone(detail: string): void {
    switch (this.phase) {
      case 'waiting':
        this.fail(waitFailure(detail, this.reused && !this.reader.hasBegun));
        return;
      case 'responding':
        if (detail !== 'closed' || !this.reader.finish()) this.fail(bodyFailure(detail));
        return;
      case 'connecting':
        this.fail(connectFailure({ name: 'Error', message: detail, code: 'ECONNRESET' }, this.tcpConnected));
        return;
      case 'idle':
        this.home.forget(this);
        this.socket.destroy();
        return;
      case 'done':
        this.persistent = false;
        return;
      case 'switched':
      case 'closed':
    }
  }

  private onTimeout(): void {
    switch (this.phase) {
      case 'connecting':
        this.closeReason = 'connect-timeout';
        this.fail(
          safeFailure(this.tcpConnected ? 'upstream.tls.timeout' : 'upstream.connect.timeout', undefined),
        );
        return;
      case 'idle':
        this.evict('idle');
        return;
      case 'waiting':
        this.closeReason = 'timeout';
        this.fail(
          finalFailure(this.requestSent ? 'upstream.head.timeout' : 'upstream.request.timeout', undefined),
        );
        return;
      case 'responding':
        this.closeReason = 'timeout';
        this.fail(finalFailure('upstream.body.timeout', undefined));
        return;
      default:
    }
  }

  private fail(failure: AttemptFailure): void {
    const { observer } = this;
    this.observer = undefined;
    this.timer.disarm();
    this.phase = 'closed';
    this.endLease();
    this.reader.close(new Error(failure.cause));
    this.socket.destroy();
    observer?.onAttemptFailed({ ...failure, endpoint: this.endpoint });
  }

  // ---- the request ---------------------------------------------------------------------------------------------------

  onBodyBlocked(blocked: boolean): void {
    if (this.requestSent) return;
    // A response may have begun before the whole request was sent: its silence is watched all the same.
    const isAwaited = this.phase === 'responding' && !this.socket.isPaused();
    if (blocked || isAwaited) this.timer.arm(this.options?.idleTimeoutMs ?? 0);
    else this.timer.disarm();
  }

  onBodySent(): void {
    this.requestSent = true;
    if (this.phase === 'waiting') this.timer.arm(this.options?.responseHeadTimeoutMs ?? 0);
  }

  onBodyAborted(): void {
    // The rest of the request will never come: the endpoint must not take what it got for the whole.
    this.persistent = false;
    this.note('aborted');
    if (this.phase !== 'closed') this.socket.destroy();
  }

  // ---- the response --------------------------------------------------------------------------------------------------

  private receive(bytes: Buffer, length: number, reused: boolean): void {
    if (this.phase === 'waiting' || this.phase === 'responding') this.reader.read(bytes, length, reused);
    else if (this.phase === 'idle' || this.phase === 'done') this.distrust();
  }

  /** Bytes nobody asked for: whose answer the next ones would be is unknown, so the connection is not used again. */
  private distrust(): void {
    this.persistent = false;
    this.closeReason = 'unsolicited';
    if (this.phase !== 'idle') return;
    this.home.forget(this);
    this.socket.destroy();
  }

  onInterim(head: Http1ResponseHead): void {
    this.observer?.onInterim(head);
  }

  onFinalHead(head: Http1ResponseHead): void {
    this.timer.disarm();
    this.persistent = head.keepAlive;
    this.noteKeepAlive(head);
  }

  onWholeResponse(head: Http1ResponseHead, body: Body, excess: boolean): void {
    if (excess) this.persistent = false;
    this.phase = 'done';
    this.observer?.onResponse(head, body);
  }

  onStreamingResponse(head: Http1ResponseHead, stream: IncomingBody): void {
    this.phase = 'responding';
    this.timer.arm(this.options?.idleTimeoutMs ?? 0);
    this.observer?.onResponse(head, { kind: 'stream', stream });
  }

  onBodyBytes(): void {
    this.timer.arm(this.options?.idleTimeoutMs ?? 0);
  }

  onBodyEnd(excess: boolean): void {
    this.timer.disarm();
    if (excess) this.persistent = false;
    this.phase = 'done';
    this.resumeBody();
  }

  onFault(cause: Cause, rule: string): void {
    this.note('protocol-error');
    this.fail(finalFailure(cause, rule));
  }

  pauseBody(): void {
    // A blocked client is not the endpoint's silence: its deadline stops while nobody reads.
    this.timer.disarm();
    this.socket.pause();
  }

  resumeBody(): void {
    if (!this.socket.isPaused()) return;
    if (this.phase === 'responding') this.timer.arm(this.options?.idleTimeoutMs ?? 0);
    this.socket.resume();
  }

  abandonBody(): void {
    if (this.phase !== 'responding') return;
    this.persistent = false;
    this.closeReason = 'aborted';
    this.socket.destroy();
  }

  /** RFC 9110 section 7.8: only to the protocol that was asked for. Anything else is a way into the connection for nobody. */
  onSwitch(head: Http1ResponseHead, early: Buffer | undefined): void {
    const asked = this.request?.upgrade;
    if (asked === undefined || head.upgrade !== asked || this.pooled) {
      this.note('protocol-error');
      this.fail(finalFailure('upstream.upgrade.invalid', head.upgrade ?? 'none'));
      return;
    }
    const { observer } = this;
    observer?.onSwitched(head, this.takeOver(), early);
  }

  takeOver(): Socket {
    this.timer.disarm();
    this.phase = 'switched';
    this.observer = undefined;
    this.socket.off('data', this.onUnpooledData);
    this.socket.pause();
    return this.socket;
  }

  /** What the endpoint says of its own patience is believed, less a second for the way. */
  private noteKeepAlive(head: Http1ResponseHead): void {
    const keepAlive = head.fields.valueOfKind(known.KEEP_ALIVE);
    if (keepAlive === undefined) return;
    const hint = /(?:^|[,\s])timeout=(\d+)/i.exec(keepAlive)?.[1];
    if (hint === undefined) return;
    this.idleLimitMs = Math.min(this.home.idleTimeoutMs, Math.max(Number(hint) * 1000 - 1000, 500));
  }
}

function blockOf(
  fields: { entries(): Iterable<readonly [string, string]> } | undefined,
): FieldBlock | undefined {
  return fields === undefined || fields instanceof FieldBlock ? fields : fieldsOf(fields.entries());
}
