import { constants, performServerHandshake } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { DownstreamCloseReason } from '../../contracts/close-reason.js';
import type { ListenerConfig } from '../../contracts/config.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import { CAUSES } from '../../errors/causes.js';
import type { IpSet } from '../../http/ip-set.js';
import { problemOf } from '../../http/problem.js';
import { HeadFault, misdirected } from '../codec/http1/head-fault.js';
import { closeAnswered } from '../codec/http2/close-answered.js';
import type { Http2RequestHead } from '../codec/http2/request-head.js';
import { parseHttp2RequestHead } from '../codec/http2/request-head.js';
import { responseHeadersOf } from '../codec/http2/response-head.js';
import { SilentEnd } from '../codec/http2/silent-end.js';
import { useArrayTables } from '../codec/http2/stream-tables.js';
import { AuthorityCheck } from './authority-check.js';
import { FloodGuard } from './flood-guard.js';
import { sessionOptionsOf } from './http2-settings.js';
import type { Http2StreamHost } from './http2-stream.js';
import { Http2Stream } from './http2-stream.js';
import type { ListenerContext } from './listener-context.js';
import { clientInfoOf, countRejected, drawTerm, withTrust } from './listener-context.js';
import type { ServedConnection } from './served-connection.js';
import { UnseenHeads } from './unseen-heads.js';

/**
 * Owns one HTTP/2 client connection from its preface to its close: hands each request to the handler, keeps the limits of the
 * connection as a whole, and knows why it closed.
 */

/** How long a closing connection is still read, so that the client gets what was sent (as for HTTP/1.1). */
const LINGER_MS = 2000;
/** How often the bytes of a connection are compared with what they were for. */
const AUDIT_MS = 1000;

/** Why nghttp2 ended a connection, by the numbers that Node passes on. */
const FLOOD_ERRNOS: ReadonlyMap<number | undefined, DownstreamCloseReason> = new Map([
  // A hundred streams were refused because too many were open.
  [-902, 'stream-flood'],
  // Too many frames to be answered, too many CONTINUATION frames.
  [-904, 'frame-flood'],
  [-905, 'frame-flood'],
]);

export class Http2Connection implements ServedConnection, Http2StreamHost {
  readonly socket: Socket;
  readonly openedAtMs: number;
  client: ClientInfo;
  private trusted: IpSet;
  private readonly context: ListenerContext;
  private readonly onClosed: (connection: Http2Connection) => void;
  private readonly session: ServerHttp2Session;
  private readonly authority: AuthorityCheck;
  private readonly guard: FloodGuard;
  private readonly silentEnd: SilentEnd;
  private readonly unseen = new UnseenHeads();
  /** For the preface, between requests, and while it closes. */
  private readonly timer: Timer;
  private readonly auditTimer: Timer;
  private readonly expiresAtMs: number;
  private readonly maxRequests: number;
  private openStreams = 0;
  private openTunnels = 0;
  private served = 0;
  private retiring = false;
  /** What its timer was set to when it last became idle. */
  private idleLimitMs = 0;
  private closeReason: DownstreamCloseReason | undefined = undefined;

  constructor(socket: Socket, context: ListenerContext, onClosed: (connection: Http2Connection) => void) {
    const { timeouts, http2 } = context.config;
    this.socket = socket;
    this.context = context;
    this.onClosed = onClosed;
    this.openedAtMs = context.timers.coarseNow();
    this.client = clientInfoOf(context, socket);
    this.trusted = context.trusted;
    this.authority = new AuthorityCheck(socket);
    this.guard = new FloodGuard(context.timers.now());
    this.silentEnd = new SilentEnd(socket);
    ({ expiresAtMs: this.expiresAtMs, maxRequests: this.maxRequests } = drawTerm(context));
    this.timer = context.timers.create(() => {
      this.onTimeout();
    });
    this.auditTimer = context.timers.create(() => {
      this.audit();
    });
    this.session = performServerHandshake(socket, sessionOptionsOf(context.config));
    useArrayTables(this.session);
    this.session.setLocalWindowSize(http2.connectionWindowBytes);
    this.listen();
    this.awaitRequest(timeouts.requestHeadMs);
    this.auditTimer.arm(AUDIT_MS);
  }

  get isNew(): boolean {
    return this.served === 0 && !this.retiring;
  }

  get state(): 'idle' | 'active' | 'tunnels' {
    if (this.openTunnels > 0) return 'tunnels';
    return this.openStreams === 0 ? 'idle' : 'active';
  }

  get idleMs(): number {
    return this.openStreams > 0 || this.retiring ? -1 : this.idleLimitMs - this.timer.remainingMs;
  }

  private awaitRequest(limitMs: number): void {
    this.idleLimitMs = limitMs;
    this.timer.arm(limitMs);
  }

  get timers(): Timers {
    return this.context.timers;
  }

  get config(): ListenerConfig {
    return this.context.config;
  }

  announceDrain(): void {
    // One without a request now may have sent one already: it goes after the delay, like an idle HTTP/1.1 connection.
    if (this.openStreams > 0) this.retire('drain');
  }

  closeIfIdle(reason: DownstreamCloseReason): void {
    this.retire(reason);
  }

  destroy(reason: DownstreamCloseReason): void {
    if (this.socket.destroyed) return;
    this.note(reason);
    this.break();
    this.socket.destroy();
  }

  whenFlushed(): Promise<void> {
    const { socket } = this;
    if (!this.retiring || socket.destroyed || socket.writableFinished) return Promise.resolve();
    return new Promise((resolve) => {
      socket.once('finish', resolve);
      socket.once('close', () => {
        resolve();
      });
    });
  }

  // ---- frames --------------------------------------------------------------------------------------------------------

  private listen(): void {
    const { session, socket } = this;
    session.on('stream', (stream, _headers, flags, pairs: readonly string[] = []) => {
      this.onStream(stream, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0, pairs);
    });
    // Only the first ones end the wait for the preface: none after it puts off the end of an idle connection.
    session.once('remoteSettings', () => {
      if (this.isNew) this.awaitRequest(this.config.timeouts.keepAliveMs);
    });
    session.on('remoteSettings', () => {
      this.onControlFrame();
    });
    session.on('ping', () => {
      this.onControlFrame();
    });
    session.on('error', (error: NodeJS.ErrnoException) => {
      this.note(this.reasonOf(error));
    });
    socket.on('end', () => {
      this.onEnd();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.note(this.reasonOf(error));
    });
    socket.on('close', () => {
      this.onSocketClose();
    });
  }

  private onControlFrame(): void {
    if (!this.guard.mayControl(this.timers.now())) this.endFlood('control-flood');
  }

  /** How a stream broke is told by its code. What broke the whole connection reaches its streams first. */
  private readonly onStreamError = (error: NodeJS.ErrnoException): void => {
    if (this.session.destroyed) this.note(this.reasonOf(error));
  };

  private onStream(stream: ServerHttp2Stream, endStream: boolean, pairs: readonly string[]): void {
    stream.on('error', this.onStreamError);
    if (this.unseen.handedOver(stream.id ?? 0)) this.countUnseen();
    if (stream.closed || stream.destroyed) {
      this.refuseClosed(stream);
      return;
    }
    this.openStreams += 1;
    this.timer.disarm();
    this.served += 1;
    this.begin(stream, endStream, this.parse(endStream, pairs));
    if (this.served >= this.maxRequests) this.retire('request-limit');
    else if (this.mustRetire) this.retire('finished');
  }

  /** Reset in the turn in which it came, by the client or by nghttp2. */
  private refuseClosed(stream: ServerHttp2Stream): void {
    const isFault = stream.rstCode === constants.NGHTTP2_PROTOCOL_ERROR;
    const cause = isFault ? 'downstream.body.malformed' : 'downstream.head.aborted';
    const detail = `rst-${String(stream.rstCode)}`;
    countRejected(this.context, this.client, { status: CAUSES[cause].status, cause, detail });
    if (stream.destroyed) {
      this.countReset();
      return;
    }
    this.openStreams += 1;
    this.timer.disarm();
    stream.once('close', () => {
      this.onStreamClosed(true);
    });
  }

  private get mustRetire(): boolean {
    const { isDraining, overload } = this.context;
    return isDraining() || overload.noKeepAlive || this.timers.coarseNow() >= this.expiresAtMs;
  }

  private parse(endStream: boolean, pairs: readonly string[]): Http2RequestHead | HeadFault {
    const scheme = this.client.tls ? 'https' : 'http';
    const head = parseHttp2RequestHead(pairs, { scheme, endStream, limits: this.config.limits });
    if (head instanceof HeadFault) return head;
    this.guard.received(head.bytes);
    // CONNECT names the end of the tunnel, not a host that the certificate is for.
    return head.connect === 'tcp' || this.authority.fits(head.host) ? head : misdirected(head);
  }

  private begin(stream: ServerHttp2Stream, endStream: boolean, head: Http2RequestHead | HeadFault): void {
    if (head instanceof HeadFault) {
      stream.once('close', () => {
        this.onStreamClosed(false);
      });
      this.refuse(stream, endStream, head);
      return;
    }
    if (this.trusted !== this.context.trusted) this.judgeAgain();
    const exchange = new Http2Stream(this, stream, head, endStream);
    stream.once('close', () => {
      this.onStreamClosed(exchange.wasReset);
    });
    this.context.handler(exchange);
  }

  /** A reload has changed which peers are trusted. */
  private judgeAgain(): void {
    this.trusted = this.context.trusted;
    this.client = withTrust(this.client, this.trusted);
  }

  /** Answers what never became an exchange. Other streams of the connection are not concerned. */
  private refuse(stream: ServerHttp2Stream, endStream: boolean, { cause, rule, asked }: HeadFault): void {
    const { status } = CAUSES[cause];
    const requestId = countRejected(this.context, this.client, { status, cause, detail: rule, asked });
    const proxy = this.context.proxyName;
    const { head, body } = problemOf({ status, cause, requestId, detail: undefined, fields: [], proxy });
    const contentLength = body?.length ?? 0;
    const nowMs = this.timers.coarseNow();
    const headers = responseHeadersOf(head, { contentLength, withTrailers: false, nowMs });
    // Node has ended the body of a HEAD request's answer already.
    const headOnly = stream.writableEnded || body === undefined;
    stream.respond(headers, { endStream: headOnly });
    if (!headOnly) stream.end(body);
    if (!endStream) closeAnswered(stream.resume());
  }

  get loss(): string | undefined {
    if (!this.session.destroyed) return undefined;
    return this.closeReason === 'protocol-error' ? this.closeReason : 'close';
  }

  onBodyReceived(bytes: number): void {
    this.guard.received(bytes);
  }

  onBodySent(bytes: number): void {
    this.guard.sent(bytes);
  }

  onTunnel(change: 1 | -1): void {
    this.openTunnels += change;
  }

  private onStreamClosed(wasReset: boolean): void {
    this.openStreams -= 1;
    if (wasReset) this.countReset();
    if (this.openStreams > 0) return;
    if (this.retiring) this.timer.arm(LINGER_MS);
    else this.awaitNext();
  }

  /** A head that has begun has the time of a head; the next request that of an idle connection. */
  private awaitNext(): void {
    const { requestHeadMs, keepAliveMs } = this.config.timeouts;
    this.awaitRequest(this.unseen.isPending() ? requestHeadMs : keepAliveMs);
  }

  private lookForUnseen(): void {
    const wasPending = this.unseen.isPending();
    if (this.unseen.begun(this.session.state.lastProcStreamID ?? 0)) this.countUnseen();
    if (!wasPending && this.unseen.isPending() && this.openStreams === 0 && !this.retiring) this.awaitNext();
  }

  private countUnseen(): void {
    const cause = 'downstream.head.malformed';
    countRejected(this.context, this.client, { status: CAUSES[cause].status, cause, detail: 'http2' });
  }

  private countReset(): void {
    if (!this.guard.mayReset(this.timers.now())) this.endFlood('reset-flood');
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  /**
   * Takes no further request: GOAWAY names the last stream that was taken, so that a client may send later ones again
   * elsewhere (RFC 9113 section 6.8). What runs goes on to its end, and then the connection closes.
   */
  private retire(reason: DownstreamCloseReason): void {
    if (this.retiring || this.socket.destroyed) return;
    this.retiring = true;
    this.note(reason);
    this.session.close();
    if (this.openStreams === 0) this.timer.arm(LINGER_MS);
  }

  private endBroken(): void {
    this.note('protocol-error');
    this.break();
  }

  private endFlood(reason: DownstreamCloseReason): void {
    this.note(reason);
    if (this.session.destroyed) return;
    this.retiring = true;
    this.session.destroy(new Error(reason), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    this.timer.arm(LINGER_MS);
  }

  /** Running responses are reset with an error: without one, a part could be taken for the whole. */
  private break(): void {
    this.retiring = true;
    if (this.openStreams === 0) this.session.destroy();
    else this.session.destroy(new Error('broken off'), constants.NGHTTP2_CANCEL);
    this.timer.arm(LINGER_MS);
  }

  private onTimeout(): void {
    if (this.unseen.giveUp()) this.countUnseen();
    if (this.retiring) this.destroy('finished');
    else this.retire('idle');
  }

  private audit(): void {
    if (this.session.destroyed) return;
    this.lookForUnseen();
    if (this.silentEnd.check()) this.endBroken();
    else if (this.guard.isOverhead(this.socket.bytesRead, this.timers.now())) this.endFlood('overhead-flood');
    else this.auditTimer.arm(AUDIT_MS);
  }

  /** The client's FIN: nothing can be answered any more, for it opens no window. */
  private onEnd(): void {
    if (this.session.destroyed) return;
    this.lookForUnseen();
    this.note('peer-closed');
    this.break();
  }

  private onSocketClose(): void {
    this.timer.disarm();
    this.auditTimer.disarm();
    this.session.destroy();
    if (this.unseen.giveUp()) this.countUnseen();
    const reason = this.closeReason ?? 'peer-closed';
    this.context.telemetry.socketClosed('downstream', this.client.listener, reason);
    this.onClosed(this);
  }

  private reasonOf({ code, errno }: NodeJS.ErrnoException): DownstreamCloseReason {
    switch (code) {
      case 'ECONNRESET':
        return 'peer-reset';
      case 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES':
        return 'frame-flood';
      case 'ERR_HTTP2_SESSION_ERROR':
        return 'peer-error';
      case 'ERR_HTTP2_ERROR':
        return FLOOD_ERRNOS.get(errno) ?? this.faultReason();
      default:
        return 'error';
    }
  }

  private faultReason(): DownstreamCloseReason {
    const isFlood = this.guard.isSuspicious(this.socket.bytesRead, this.timers.now());
    return isFlood ? 'overhead-flood' : 'protocol-error';
  }

  /** The first reason is the one that counts. */
  private note(reason: DownstreamCloseReason): void {
    this.closeReason ??= reason;
  }
}
