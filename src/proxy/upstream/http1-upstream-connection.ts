/* eslint-disable max-lines -- one state machine, kept whole: see below */
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
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
import { BodyDecoder } from '../codec/http1/body-decoder.js';
import { HeadFault } from '../codec/http1/head-fault.js';
import type { HeadProgress } from '../codec/http1/head-reader.js';
import { HeadReader } from '../codec/http1/head-reader.js';
import type { BodySource } from '../codec/http1/incoming-body.js';
import { IncomingBody } from '../codec/http1/incoming-body.js';
import { chunkedWhole, writeWhole } from '../codec/http1/message-writer.js';
import type { BodyTarget } from '../codec/http1/outgoing-body.js';
import { OutgoingBody } from '../codec/http1/outgoing-body.js';
import { serialiseRequestHead } from '../codec/http1/request-serialiser.js';
import type { Http1ResponseHead } from '../codec/http1/response-head.js';
import { RESPONSE_HEAD_BYTES, parseResponseHead } from '../codec/http1/response-head.js';
import { SHARED_READ_BUFFER, giveReadBuffer, takeReadBuffer } from '../codec/read-buffers.js';
import type { ConnectionHome, PooledConnection } from './connection-home.js';
import {
  bodyFailure,
  codeOf,
  connectFailure,
  finalFailure,
  safeFailure,
  waitFailure,
} from './attempt-failure.js';

/**
 * Owns one HTTP/1.1 connection to an endpoint from connect to close: one exchange at a time, then back to the pool. One
 * state machine, kept whole: splitting it would hide which event may happen in which phase.
 */

const READER_LIMITS = { lineBytes: 16 * 1024, headBytes: RESPONSE_HEAD_BYTES };
/** Interim responses an upstream may send before the final one: an endless stream of them is a fault. */
const MAX_INTERIM = 32;

type Phase = 'connecting' | 'idle' | 'waiting' | 'responding' | 'done' | 'switched' | 'closed';

export class Http1UpstreamConnection implements UpstreamConnection, PooledConnection, BodySource, BodyTarget {
  readonly socket: Socket;
  readonly endpoint: ConnectionHome;
  reused = false;
  private readonly reader = new HeadReader(READER_LIMITS);
  private readonly timer: Timer;
  private readonly pooled: boolean;
  private readBuffer: Buffer = SHARED_READ_BUFFER;
  private phase: Phase = 'connecting';
  private tcpConnected = false;
  private leased = false;
  private observer: AttemptObserver | undefined = undefined;
  private options: CheckoutOptions | undefined = undefined;
  private request: UpstreamRequest | undefined = undefined;
  private requestSent = false;
  private anyResponseByte = false;
  private interimCount = 0;
  private decoder: BodyDecoder | undefined = undefined;
  private body: IncomingBody | undefined = undefined;
  private persistent = true;
  private idleLimitMs: number;
  private closeReason = 'peer-closed';

  constructor(endpoint: ConnectionHome, connectTimeoutMs: number, pooled: boolean) {
    this.endpoint = endpoint;
    this.pooled = pooled;
    this.idleLimitMs = endpoint.idleTimeoutMs;
    this.timer = endpoint.timers.create(() => {
      this.onTimeout();
    });
    this.timer.arm(connectTimeoutMs);
    this.socket = pooled ? this.dialPooled() : endpoint.dialer.dialTunnel();
    this.listen(pooled && !endpoint.dialer.isTls);
    endpoint.telemetry.socketOpened('upstream', endpoint.label);
  }

  private dialPooled(): Socket {
    return this.endpoint.dialer.dialPooled({
      nextBuffer: () => this.readBuffer,
      onRead: (bytes, length) => {
        this.receive(bytes, length, true);
      },
    });
  }

  assign(observer: AttemptObserver, options: CheckoutOptions): void {
    this.observer = observer;
    this.options = options;
    this.leased = true;
    this.endpoint.active += 1;
    if (this.phase === 'connecting') return;
    this.begin(observer);
  }

  send(request: UpstreamRequest): Writable | undefined {
    this.request = request;
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
      this.closeReason = this.closeReason === 'peer-closed' ? 'not-reusable' : this.closeReason;
      this.destroy();
      return;
    }
    this.phase = 'idle';
    this.reused = true;
    this.endpoint.putBack(this);
  }

  cancel(): void {
    this.closeReason = 'aborted';
    this.destroy();
  }

  destroy(): void {
    this.observer = undefined;
    this.endLease();
    this.body?.destroy();
    this.body = undefined;
    this.timer.disarm();
    this.socket.destroy();
  }

  private endLease(): void {
    if (!this.leased) return;
    this.leased = false;
    this.endpoint.active -= 1;
  }

  rest(): void {
    this.timer.arm(this.idleLimitMs);
  }

  // ---- the socket ----------------------------------------------------------------------------------------------------

  private listen(sharedRead: boolean): void {
    const { socket, endpoint } = this;
    if (!sharedRead && this.pooled) {
      socket.on('data', (chunk: Buffer) => {
        this.receive(chunk, chunk.length, false);
      });
    } else if (!this.pooled) this.listenUnpooled();
    socket.on(endpoint.dialer.isTls ? 'secureConnect' : 'connect', () => {
      this.onConnected();
    });
    if (endpoint.dialer.isTls) {
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

  private listenUnpooled(): void {
    this.socket.on('data', this.onUnpooledData);
  }

  private onConnected(): void {
    this.timer.disarm();
    this.phase = 'idle';
    const { observer } = this;
    if (observer === undefined) this.endpoint.putBack(this);
    else this.begin(observer);
  }

  private begin(observer: AttemptObserver): void {
    this.timer.disarm();
    this.phase = 'waiting';
    this.requestSent = false;
    this.anyResponseByte = false;
    this.interimCount = 0;
    observer.onConnected(this);
  }

  private onError(error: NodeJS.ErrnoException): void {
    this.closeReason = this.closeReason === 'peer-closed' ? 'error' : this.closeReason;
    if (this.phase === 'connecting') this.fail(connectFailure(error, this.tcpConnected));
    else this.onGone(codeOf(error));
  }

  private onClose(): void {
    this.timer.disarm();
    this.onGone('closed');
    this.phase = 'closed';
    this.endLease();
    this.endpoint.forget(this);
    this.endpoint.telemetry.socketClosed('upstream', this.endpoint.label, this.closeReason);
  }

  /** The endpoint ended or broke the connection. Only the end of a close-delimited body may look like this. */
  private onGone(detail: string): void {
    switch (this.phase) {
      case 'waiting':
        this.fail(waitFailure(detail, this.reused && !this.anyResponseByte));
        return;
      case 'responding':
        if (detail === 'closed' && this.decoder?.finish() === true) this.completeBody();
        else this.fail(bodyFailure(detail));
        return;
      case 'connecting':
        this.fail(connectFailure({ name: 'Error', message: detail, code: 'ECONNRESET' }, this.tcpConnected));
        return;
      case 'idle':
        this.endpoint.forget(this);
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
        this.fail(safeFailure('upstream.connect.timeout', this.tcpConnected ? 'tls' : 'tcp'));
        return;
      case 'idle':
        this.closeReason = 'idle';
        this.endpoint.forget(this);
        this.socket.destroy();
        return;
      case 'waiting':
        this.closeReason = 'timeout';
        this.fail(
          finalFailure(this.requestSent ? 'upstream.head.timeout' : 'upstream.exchange.timeout', undefined),
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
    const { observer, body } = this;
    this.observer = undefined;
    this.body = undefined;
    this.timer.disarm();
    this.phase = 'closed';
    this.endLease();
    body?.fail(new Error(failure.cause));
    this.socket.destroy();
    observer?.onAttemptFailed({ ...failure, endpoint: this.endpoint });
  }

  // ---- the request ---------------------------------------------------------------------------------------------------

  onBodyBlocked(blocked: boolean): void {
    if (this.requestSent) return;
    if (blocked) this.timer.arm(this.options?.idleTimeoutMs ?? 0);
    else this.timer.disarm();
  }

  onBodySent(): void {
    this.requestSent = true;
    if (this.phase === 'waiting') this.timer.arm(this.options?.responseHeadTimeoutMs ?? 0);
  }

  onBodyAborted(): void {
    // The rest of the request will never come: the endpoint must not take what it got for the whole.
    this.persistent = false;
    if (this.phase !== 'closed') this.socket.destroy();
  }

  // ---- the response --------------------------------------------------------------------------------------------------

  private receive(bytes: Buffer, length: number, shared: boolean): void {
    if (this.phase === 'waiting')
      this.receiveHead(length === bytes.length ? bytes : bytes.subarray(0, length), shared);
    else if (this.phase === 'responding') this.receiveBody(bytes, 0, length, shared);
    else if (this.phase === 'idle' || this.phase === 'done') this.distrust();
  }

  /** Bytes nobody asked for: whose answer the next ones would be is unknown, so the connection is not used again. */
  private distrust(): void {
    this.persistent = false;
    this.closeReason = 'unsolicited';
    if (this.phase !== 'idle') return;
    this.endpoint.forget(this);
    this.socket.destroy();
  }

  private receiveHead(piece: Buffer, shared: boolean): void {
    this.anyResponseByte = true;
    let bytes = piece;
    let start = 0;
    let reusedBuffer = shared;
    while (this.phase === 'waiting') {
      const progress = this.reader.read(bytes, start, reusedBuffer);
      if (progress === 'partial') return;
      if (progress !== 'complete') {
        this.fail(unreadableHead(progress));
        return;
      }
      // A head put together from several reads stands in a buffer of its own.
      reusedBuffer = reusedBuffer && this.reader.bytes === bytes;
      bytes = this.reader.bytes;
      const range = { start: this.reader.start, end: this.reader.end };
      const head = parseResponseHead(bytes, range, this.request?.method ?? 'GET');
      start = range.end;
      if (head instanceof HeadFault) {
        this.fail(finalFailure(head.cause, head.rule));
        return;
      }
      if (head.status >= 200 || head.status === 101) {
        this.finalHead(head, { bytes, start, shared: reusedBuffer });
        return;
      }
      if (!this.interim(head) || start === bytes.length) return;
    }
  }

  /** False when the attempt has failed. */
  private interim(head: Http1ResponseHead): boolean {
    this.interimCount += 1;
    if (this.interimCount > MAX_INTERIM) {
      this.fail(finalFailure('upstream.head.malformed', 'interim-count'));
      return false;
    }
    this.observer?.onInterim(head);
    return this.phase === 'waiting';
  }

  private finalHead(
    head: Http1ResponseHead,
    rest: { readonly bytes: Buffer; readonly start: number; readonly shared: boolean },
  ): void {
    const { bytes, start } = rest;
    this.timer.disarm();
    this.reader.reset();
    this.persistent = head.keepAlive;
    if (head.status === 101) {
      this.switchProtocols(head, start < bytes.length ? bytes.subarray(start) : undefined);
      return;
    }
    this.noteKeepAlive(head);
    const decoder = new BodyDecoder(head.framing, head.contentLength);
    const next = decoder.done ? start : decoder.decode(bytes, start, bytes.length);
    if (decoder.fault !== '') {
      this.fail(finalFailure('upstream.body.malformed', decoder.fault));
      return;
    }
    if (decoder.done) {
      if (next < bytes.length) this.persistent = false;
      this.phase = 'done';
      const whole = bytes.subarray(decoder.dataStart, decoder.dataEnd);
      this.observer?.onResponse(
        head,
        head.framing === 'none' ? NO_BODY : { kind: 'complete', bytes: whole, trailers: decoder.trailers },
      );
      return;
    }
    this.startBody(head, decoder, rest);
  }

  private startBody(
    head: Http1ResponseHead,
    decoder: BodyDecoder,
    rest: { readonly bytes: Buffer; readonly shared: boolean },
  ): void {
    const body = new IncomingBody(this);
    // Its failure reaches the observer as well; the stream may have no reader at that moment.
    body.on('error', ignoreReported);
    this.phase = 'responding';
    this.decoder = decoder;
    this.body = body;
    this.timer.arm(this.options?.idleTimeoutMs ?? 0);
    this.feed(body, rest.bytes, decoder, rest.shared);
    this.observer?.onResponse(head, { kind: 'stream', stream: body });
  }

  private receiveBody(bytes: Buffer, start: number, end: number, shared: boolean): void {
    const { decoder, body } = this;
    if (decoder === undefined || body === undefined) return;
    const next = decoder.decode(bytes, start, end);
    if (decoder.fault !== '') {
      this.fail(finalFailure('upstream.body.malformed', decoder.fault));
      return;
    }
    this.timer.arm(this.options?.idleTimeoutMs ?? 0);
    this.feed(body, bytes, decoder, shared);
    if (!decoder.done) return;
    if (next < end) this.persistent = false;
    this.completeBody();
  }

  private feed(body: IncomingBody, bytes: Buffer, decoder: BodyDecoder, shared: boolean): void {
    const { dataStart, dataEnd } = decoder;
    if (dataEnd === dataStart) return;
    const piece = bytes.subarray(dataStart, dataEnd);
    body.feed(shared ? this.kept(piece) : piece);
  }

  /** A piece that outlives this read: copied out of the shared buffer once, then every read has a buffer of its own. */
  private kept(piece: Buffer): Buffer {
    this.readBuffer = takeReadBuffer();
    return piece.buffer === SHARED_READ_BUFFER.buffer ? Buffer.from(piece) : piece;
  }

  private completeBody(): void {
    const { body, decoder } = this;
    this.timer.disarm();
    this.phase = 'done';
    this.body = undefined;
    this.decoder = undefined;
    giveReadBuffer(this.readBuffer);
    this.readBuffer = SHARED_READ_BUFFER;
    if (decoder?.framing === 'close') this.persistent = false;
    this.resumeBody();
    body?.complete(decoder?.trailers);
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
    this.body = undefined;
    this.closeReason = 'aborted';
    this.socket.destroy();
  }

  /** RFC 9110 section 7.8: only to the protocol that was asked for. Anything else is a way into the connection for nobody. */
  private switchProtocols(head: Http1ResponseHead, early: Buffer | undefined): void {
    const asked = this.request?.upgrade;
    if (asked === undefined || head.upgrade !== asked || this.pooled) {
      this.fail(finalFailure('upstream.upgrade.invalid', head.upgrade ?? 'none'));
      return;
    }
    const { observer } = this;
    this.phase = 'switched';
    this.observer = undefined;
    this.socket.off('data', this.onUnpooledData);
    this.socket.pause();
    observer?.onSwitched(head, this.socket, early);
  }

  /** What the endpoint says of its own patience is believed, less a second for the way. */
  private noteKeepAlive(head: Http1ResponseHead): void {
    const hint = /(?:^|[,\s])timeout=(\d+)/i.exec(head.fields.valueOfKind(known.KEEP_ALIVE) ?? '')?.[1];
    if (hint === undefined) return;
    this.idleLimitMs = Math.min(this.endpoint.idleTimeoutMs, Math.max(Number(hint) * 1000 - 1000, 500));
  }
}

const NO_BODY = { kind: 'none' } as const;

function blockOf(
  fields: { entries(): Iterable<readonly [string, string]> } | undefined,
): FieldBlock | undefined {
  return fields === undefined || fields instanceof FieldBlock ? fields : fieldsOf(fields.entries());
}

function unreadableHead(progress: Exclude<HeadProgress, 'complete' | 'partial'>): AttemptFailure {
  return finalFailure(
    progress === 'bare-lf' ? 'upstream.head.malformed' : 'upstream.head.too-large',
    progress,
  );
}

function ignoreReported(): void {
  // The connection told its observer already, with the cause; see fail.
}
