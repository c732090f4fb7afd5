import { connect as connectHttp2, constants } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  ClientSessionRequestOptions,
  OutgoingHttpHeaders,
  Settings,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { UpstreamCloseReason } from '../../contracts/close-reason.js';
import type { Timer, Timers } from '../../contracts/timers.js';
import type { AttemptFailure, AttemptObserver, CheckoutOptions } from '../../contracts/upstream.js';
import { SilentEnd } from '../codec/http2/silent-end.js';
import { useArrayTables } from '../codec/http2/stream-tables.js';
import { codeOf, connectFailure, safeFailure } from './attempt-failure.js';
import type { BusyEndpoint } from './connection-home.js';
import type { PooledSession, SessionHome } from './http2-session-home.js';
import { clientOptionsOf } from './http2-session-options.js';
import type { ExchangeHost } from './http2-upstream-stream.js';
import { Http2UpstreamStream } from './http2-upstream-stream.js';
import { PingWatch } from './ping-watch.js';
import { PING_TIMEOUT, PROTOCOL_FAULT } from './stream-failure.js';

/**
 * Owns one HTTP/2 connection to an endpoint from connect to close: how many exchanges it may carry, whether it is alive, and why
 * it closed.
 */

/** How long a connection that takes no further exchange may take to close once the last one has ended. */
const LINGER_MS = 2000;
/** How often an endpoint that has broken the protocol is looked for. */
const AUDIT_MS = 1000;
/** Streams have odd numbers below 2^31: long before they run out the connection is replaced. */
const MAX_EXCHANGES = 2 ** 29;

type Phase = 'connecting' | 'ready' | 'retiring' | 'closed';

export class Http2UpstreamSession implements PooledSession, ExchangeHost {
  readonly endpoint: BusyEndpoint;
  readonly scheme: 'http' | 'https';
  awaited = 0;
  private readonly home: SessionHome;
  private readonly socket: Socket;
  private readonly timer: Timer;
  private readonly watch: PingWatch;
  private readonly silentEnd: SilentEnd;
  private readonly auditTimer: Timer;
  private readonly streams = new Set<Http2UpstreamStream>();
  private session: ClientHttp2Session | undefined = undefined;
  private phase: Phase = 'connecting';
  private tcpConnected = false;
  private maxStreams = 0;
  private served = 0;
  private lastStreamId = Infinity;
  private lossDetail: string | undefined = undefined;
  private closeReason: UpstreamCloseReason | undefined = undefined;

  constructor(home: SessionHome) {
    this.home = home;
    this.endpoint = home.endpoint;
    this.scheme = home.dialer.isTls ? 'https' : 'http';
    this.watch = new PingWatch(home.timers, home.settings, {
      ping: (onAnswer) => this.session?.ping(onAnswer) === true,
      onSilent: () => {
        this.lose(PING_TIMEOUT);
      },
      onAlive: () => {
        if (this.phase === 'ready') home.onReady(this);
      },
    });
    this.timer = home.timers.create(() => {
      this.onTimeout();
    });
    this.timer.arm(home.connectTimeoutMs);
    this.socket = home.dialer.dialHttp2(home.protocols);
    this.silentEnd = new SilentEnd(this.socket);
    this.auditTimer = home.timers.create(() => {
      this.audit();
    });
    this.listen();
    home.telemetry.socketOpened('upstream', home.endpoint.label);
  }

  get timers(): Timers {
    return this.home.timers;
  }

  get isConnecting(): boolean {
    return this.phase === 'connecting';
  }

  get hasRoom(): boolean {
    return this.phase === 'ready' && !this.watch.isSuspect && this.streams.size < this.maxStreams;
  }

  get isIdle(): boolean {
    return this.phase === 'ready' && this.streams.size === 0;
  }

  get state(): PooledSession['state'] {
    if (this.isIdle) return 'idle';
    return this.phase === 'connecting' ? 'connecting' : 'active';
  }

  get hasRested(): boolean {
    return this.served > 0 && this.streams.size === 0;
  }

  get capacity(): number {
    return this.phase === 'connecting' ? this.home.settings.maxConcurrentStreams : this.maxStreams;
  }

  assign(observer: AttemptObserver, options: CheckoutOptions): Http2UpstreamStream {
    this.timer.disarm();
    const exchange = new Http2UpstreamStream(this, observer, { options, reused: this.served > 0 });
    this.served += 1;
    this.streams.add(exchange);
    this.watch.begin();
    if (this.served >= MAX_EXCHANGES) this.retire('request-limit');
    observer.onConnected(exchange);
    return exchange;
  }

  rest(): void {
    this.watch.end();
    this.timer.arm(this.home.idleTimeoutMs);
  }

  get restedMs(): number {
    return this.home.idleTimeoutMs - this.timer.remainingMs;
  }

  retire(reason: UpstreamCloseReason): void {
    if (this.phase === 'retiring' || this.phase === 'closed') return;
    this.phase = 'retiring';
    this.closeReason ??= reason;
    this.home.forget(this);
    this.session?.close();
    if (this.session === undefined) this.socket.destroy();
    else if (this.streams.size === 0) this.timer.arm(LINGER_MS);
  }

  // ---- connecting ----------------------------------------------------------------------------------------------------

  private listen(): void {
    const { socket } = this;
    socket.on('connect', () => {
      this.tcpConnected = true;
      if (this.scheme === 'http') this.shakeHands();
    });
    socket.on('secureConnect', () => {
      this.onSecure((socket as Partial<TLSSocket>).alpnProtocol);
    });
    // These come before those of the session: what has come in whole is saved before it destroys its streams.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.onError(error);
    });
    socket.on('end', () => {
      this.lose('closed');
    });
    socket.on('close', () => {
      this.onClose();
    });
  }

  private onSecure(protocol: string | false | null | undefined): void {
    if (protocol === 'h2') {
      this.shakeHands();
      return;
    }
    const isHttp1 = this.home.protocols.includes('http/1.1');
    this.closeReason ??= isHttp1 ? 'protocol' : 'error';
    if (isHttp1) this.home.onHttp1Chosen(this);
    this.fail(safeFailure('upstream.tls.failed', 'alpn'));
  }

  /** TCP, and TLS where it is wanted, are up: no request is sent before the endpoint has said by SETTINGS that it speaks HTTP/2. */
  private shakeHands(): void {
    const session = connectHttp2(`${this.scheme}://${this.endpoint.authority}`, {
      ...clientOptionsOf(this.home.settings),
      createConnection: () => this.socket,
    });
    this.session = session;
    useArrayTables(session);
    session.on('remoteSettings', ({ maxConcurrentStreams = Infinity }: Settings) => {
      this.onSettings(maxConcurrentStreams);
    });
    session.on('goaway', (code: number, lastStreamId: number) => {
      this.onGoaway(code, lastStreamId);
    });
    session.on('error', (error: NodeJS.ErrnoException) => {
      this.onError(error);
    });
    session.on('connect', () => {
      session.setLocalWindowSize(this.home.settings.connectionWindowBytes);
    });
  }

  private onSettings(maxConcurrentStreams: number): void {
    this.maxStreams = Math.min(maxConcurrentStreams, this.home.settings.maxConcurrentStreams);
    if (this.phase === 'connecting') {
      this.phase = 'ready';
      this.timer.disarm();
      this.auditTimer.arm(AUDIT_MS);
    }
    if (this.phase === 'ready') this.home.onReady(this);
  }

  // ---- exchanges -----------------------------------------------------------------------------------------------------

  open(headers: OutgoingHttpHeaders, options: ClientSessionRequestOptions): ClientHttp2Stream | undefined {
    const { session } = this;
    if (session === undefined || session.closed || session.destroyed) return undefined;
    return session.request(headers, options);
  }

  heard(): void {
    this.watch.heard();
  }

  suspect(sinceMs: number): void {
    this.watch.suspect(sinceMs);
  }

  isUnprocessed(streamId: number | undefined): boolean {
    return streamId !== undefined && streamId > this.lastStreamId;
  }

  get lost(): string | undefined {
    if (this.session?.destroyed !== true) return undefined;
    return this.lossDetail ?? PROTOCOL_FAULT;
  }

  onStreamClosed(exchange: Http2UpstreamStream): void {
    if (!this.streams.delete(exchange) || this.phase === 'closed') return;
    if (this.phase === 'ready') this.home.onRoom(this);
    else if (this.streams.size === 0) this.timer.arm(LINGER_MS);
  }

  // ---- the end -------------------------------------------------------------------------------------------------------

  /** RFC 9113 section 6.8: later streams were not processed, the others go on, unless it is for an error. */
  private onGoaway(code: number, lastStreamId: number): void {
    this.lastStreamId = Math.min(this.lastStreamId, lastStreamId);
    if (code === constants.NGHTTP2_NO_ERROR) this.retire('goaway');
    else this.lose(`goaway-${String(code)}`);
  }

  private onError(error: NodeJS.ErrnoException): void {
    if (this.phase !== 'connecting') {
      this.lose(isOfSession(error) ? PROTOCOL_FAULT : codeOf(error));
      return;
    }
    this.closeReason ??= isOfSession(error) ? 'protocol-error' : 'error';
    const isProtocol = this.session !== undefined && isOfSession(error);
    this.fail(
      isProtocol ? safeFailure('upstream.connect.failed', 'not-http2') : connectFailure(error, this.inTls),
    );
  }

  /** TCP is up and TLS is not. */
  private get inTls(): boolean {
    return this.scheme === 'https' && this.tcpConnected && this.session === undefined;
  }

  private onTimeout(): void {
    switch (this.phase) {
      case 'connecting': {
        const step = this.session === undefined ? (this.tcpConnected ? 'tls' : 'tcp') : 'settings';
        this.closeReason ??= 'connect-timeout';
        this.fail(safeFailure('upstream.connect.timeout', step));
        return;
      }
      case 'ready':
        this.retire('idle');
        return;
      case 'retiring':
      case 'closed':
        this.socket.destroy();
    }
  }

  private audit(): void {
    if (this.silentEnd.check()) this.lose(PROTOCOL_FAULT);
    else this.auditTimer.arm(AUDIT_MS);
  }

  /** It never became ready. */
  private fail(failure: AttemptFailure): void {
    if (this.phase !== 'connecting') return;
    this.phase = 'retiring';
    this.home.onConnectFailed(this, { ...failure, endpoint: this.endpoint });
    this.destroy();
  }

  /** The connection is of no use any more, and neither is what runs on it, but for responses that have come in whole. */
  private lose(detail: string): void {
    if (this.phase === 'connecting') {
      this.fail(connectFailure({ name: 'Error', message: detail, code: 'ECONNRESET' }, this.inTls));
      return;
    }
    this.lossDetail ??= detail;
    this.closeReason ??= CLOSE_REASONS.get(detail) ?? (detail.startsWith('goaway') ? 'goaway' : 'error');
    for (const exchange of this.streams) exchange.saveWhole();
    if (this.phase === 'ready') {
      this.phase = 'retiring';
      this.home.forget(this);
    }
    this.destroy();
  }

  private destroy(): void {
    this.session?.destroy(undefined, constants.NGHTTP2_CANCEL);
    this.socket.destroy();
  }

  private onClose(): void {
    this.lose('closed');
    this.phase = 'closed';
    this.timer.disarm();
    this.auditTimer.disarm();
    this.watch.stop();
    this.home.forget(this);
    this.home.onClosed(this);
    this.home.telemetry.socketClosed('upstream', this.endpoint.label, this.closeReason ?? 'peer-closed');
  }
}

const CLOSE_REASONS = new Map<string, UpstreamCloseReason>([
  ['closed', 'peer-closed'],
  [PING_TIMEOUT, PING_TIMEOUT],
  [PROTOCOL_FAULT, 'protocol-error'],
]);

/** What Node says when the peer broke the protocol, or ended the connection by GOAWAY with an error. */
function isOfSession({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('ERR_HTTP2');
}
