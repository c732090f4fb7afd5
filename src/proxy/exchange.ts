import type { Cause } from '../contracts/cause.js';
import type { DownstreamStream } from '../contracts/downstream.js';
import type {
  ByteCounter,
  ClientInfo,
  ExchangePhase,
  ExchangeRecord,
  FailedAttempt,
  GrpcCall,
  Identity,
} from '../contracts/exchange.js';
import type { RequestHead } from '../contracts/message.js';
import type { CompiledRoute } from '../contracts/router.js';
import type { Timers } from '../contracts/timers.js';
import type { ExchangeTrace } from '../contracts/tracing.js';
import { grpcCallOf } from '../http/grpc.js';
import { ExchangeFlow } from './exchange-flow.js';

/** What an exchange is made of: what a client sent, or what somebody asks about. */
export type ExchangeSource = Pick<DownstreamStream, 'head' | 'requestBytes'>;

/** Owns the record of one exchange: plain fields that the stages fill, so that the end of it needs no collecting. */
export class ProxyExchange implements ExchangeRecord {
  readonly id: string;
  readonly request: RequestHead;
  readonly client: ClientInfo;
  readonly startedAt: number;
  phase: ExchangePhase = 'filter';
  route: CompiledRoute | undefined = undefined;
  identity: Identity | undefined = undefined;
  endpoint: string | undefined = undefined;
  attempts = 0;
  failedAttempts: FailedAttempt[] | undefined = undefined;
  reusedConnection = false;
  status = 0;
  connectedAfterMs = -1;
  responseHeadAfterMs = -1;
  durationMs = -1;
  cause: Cause | undefined = undefined;
  detail: string | undefined = undefined;
  responseCounter: ByteCounter | undefined = undefined;
  requestCounter: ByteCounter | undefined = undefined;
  wholeResponseBytes = 0;
  flow: ExchangeFlow | undefined = undefined;
  /** Milliseconds after `startedAt` when Torus answered by itself; -1 where it did not. */
  repliedAfterMs = -1;
  /** What a split chose. */
  chosenUpstream: string | undefined = undefined;
  trace: ExchangeTrace | undefined = undefined;
  readonly grpc: GrpcCall | undefined;
  private readonly downstream: ExchangeSource;

  constructor(
    downstream: ExchangeSource,
    identity: { readonly id: string; readonly client: ClientInfo; readonly startedAt: number },
  ) {
    this.downstream = downstream;
    this.request = downstream.head;
    this.id = identity.id;
    this.client = identity.client;
    this.startedAt = identity.startedAt;
    this.grpc = grpcCallOf(downstream.head);
  }

  get upstream(): string | undefined {
    return this.attempts > 0 ? (this.chosenUpstream ?? this.route?.config.upstream) : undefined;
  }

  openFlow(timers: Timers): ExchangeFlow {
    return (this.flow ??= new ExchangeFlow(timers));
  }

  /** How long a response that was sent whole has been on its way to the client; 0 for all others. */
  wholeWaitMs(ageMs: number): number {
    if (this.responseCounter !== undefined) return 0;
    const sentAfterMs = Math.max(this.responseHeadAfterMs, this.repliedAfterMs);
    return sentAfterMs < 0 ? 0 : ageMs - sentAfterMs;
  }

  get requestBytes(): number {
    return this.requestCounter?.bytes ?? this.downstream.requestBytes;
  }

  get responseBytes(): number {
    return this.responseCounter?.bytes ?? this.wholeResponseBytes;
  }
}
