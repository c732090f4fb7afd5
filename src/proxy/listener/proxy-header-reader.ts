import type { Socket } from 'node:net';
import type { Cause } from '../../contracts/cause.js';
import type { Timer } from '../../contracts/timers.js';
import type { IpSet } from '../../http/ip-set.js';
import { compileIpSet } from '../../http/ip-set.js';
import type { ProxiedAddresses } from '../codec/proxy-protocol/index.js';
import { readProxyHeader } from '../codec/proxy-protocol/index.js';
import type { ListenerContext } from './listener-context.js';
import { clientInfoOf, countRejected } from './listener-context.js';

/**
 * Owns the PROXY header at the beginning of accepted connections: who must send one, how long it may take, and what becomes of
 * a connection without. What came behind it is put back, so that whoever serves the connection begins with its first byte.
 */
export class ProxyHeaderReader {
  private readonly context: ListenerContext;
  private readonly senders: IpSet;
  private readonly timeoutMs: number;

  constructor(context: ListenerContext, { from, timeoutMs }: { from: readonly string[]; timeoutMs: number }) {
    this.context = context;
    this.senders = compileIpSet(from);
    this.timeoutMs = timeoutMs;
  }

  /** Calls back once the connection may be served: at once where the peer sends no header. Else the socket is destroyed. */
  read(socket: Socket, serve: () => void): void {
    if (!this.senders.has(socket.remoteAddress ?? '')) {
      serve();
      return;
    }
    new HeaderIntake(socket, this.context, serve).begin(this.timeoutMs);
  }
}

class HeaderIntake {
  private readonly socket: Socket;
  private readonly context: ListenerContext;
  private readonly serve: () => void;
  private readonly timer: Timer;
  private seen: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, context: ListenerContext, serve: () => void) {
    this.socket = socket;
    this.context = context;
    this.serve = serve;
    this.timer = context.timers.create(() => {
      this.refuse('downstream.proxy-header.timeout', undefined);
    });
  }

  begin(timeoutMs: number): void {
    this.timer.arm(timeoutMs);
    this.socket.on('data', this.onData).on('end', this.onEnd).on('close', this.onClose);
  }

  private readonly onData = (chunk: Buffer): void => {
    this.seen = this.seen.length === 0 ? chunk : Buffer.concat([this.seen, chunk]);
    const reading = readProxyHeader(this.seen);
    if (reading.kind === 'absent') this.refuse('downstream.proxy-header.missing', undefined);
    else if (reading.kind === 'fault') this.refuse('downstream.proxy-header.malformed', reading.rule);
    else if (reading.kind === 'header') this.take(reading.length, reading.addresses);
  };

  /** Load balancers look whether the port is open by connecting and leaving: no word, no refusal. */
  private readonly onEnd = (): void => {
    if (this.seen.length === 0) this.socket.destroy();
    else this.refuse('downstream.proxy-header.malformed', 'aborted');
  };

  private readonly onClose = (): void => {
    this.leave();
    this.context.telemetry.socketClosed('downstream', this.context.config.name, 'peer-closed');
  };

  private take(length: number, addresses: ProxiedAddresses | undefined): void {
    this.leave();
    if (addresses !== undefined) this.context.peers?.name(this.socket, addresses);
    if (length < this.seen.length) this.socket.unshift(this.seen.subarray(length));
    this.serve();
  }

  private refuse(cause: Cause, detail: string | undefined): void {
    const { telemetry, config } = this.context;
    this.leave();
    telemetry.connectionRefused(config.name, 'proxy-header');
    countRejected(this.context, clientInfoOf(this.context, this.socket), { status: 0, cause, detail });
    telemetry.socketClosed('downstream', config.name, 'proxy-header');
    this.socket.destroy();
  }

  private leave(): void {
    this.timer.disarm();
    this.socket.pause();
    this.socket.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose);
  }
}
