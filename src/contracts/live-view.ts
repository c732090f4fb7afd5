import type { ExchangePhase } from './exchange.js';
import type { BlockedSide } from './flow.js';

/** What one exchange is doing now: for the live view, and for the report of what a drain has cut. Plain data. */
export interface LiveExchange {
  readonly id: string;
  /** What the client speaks. */
  readonly protocol: 'http/1.0' | 'http/1.1' | 'http/2';
  /** What a tunnel is for: `websocket`, `tcp`, another protocol. */
  readonly tunnel: string | null;
  readonly listener: string;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  /** Without the query: queries hold secrets. */
  readonly path: string;
  readonly route: string | null;
  readonly upstream: string | null;
  readonly endpoint: string | null;
  readonly phase: ExchangePhase;
  /** Sent to the client; 0 while none was. */
  readonly status: number;
  readonly attempts: number;
  readonly ageMs: number;
  /** Since a byte of a body last went either way; null where none has streamed. */
  readonly idleMs: number | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly bufferedBytes: number;
  readonly peakBufferedBytes: number;
  /** The side that is blocked now, the one that has been for longer; null when none is. */
  readonly blocked: BlockedSide | null;
  readonly blockedForMs: number;
  readonly blockedOnClientMs: number;
  readonly blockedOnUpstreamMs: number;
}

/** `age`: oldest first; `bytes`: most both ways; `blocked`: longest now, then in all; `buffered`: most now; `idle`: longest. */
export type StreamOrder = 'age' | 'bytes' | 'blocked' | 'buffered' | 'idle';

/** Which of the running exchanges are asked for. What is undefined does not matter. */
export interface StreamQuery {
  /** At least so old. */
  readonly slowMs?: number | undefined;
  readonly id?: string | undefined;
  readonly listener?: string | undefined;
  readonly client?: string | undefined;
  readonly route?: string | undefined;
  readonly upstream?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly phase?: ExchangePhase | undefined;
  readonly blocked?: BlockedSide | 'any' | undefined;
  readonly sort: StreamOrder;
  readonly limit: number;
}

export interface StreamSelection<Row = LiveExchange> {
  /** Exchanges that run. */
  readonly total: number;
  /** Those that fit the query. */
  readonly matched: number;
  /** The first of them in the order that was asked for. */
  readonly streams: readonly Row[];
}

/** Client connections of one kind; `open` is the sum of the next four. */
export interface HeldConnections {
  readonly open: number;
  /** Accepted, and not yet known to speak anything. */
  readonly handshaking: number;
  readonly idle: number;
  readonly active: number;
  readonly tunnels: number;
  /** 0 without any. */
  readonly oldestAgeMs: number;
}

export interface ListenerConnections extends HeldConnections {
  readonly listener: string;
}

export interface ClientConnections extends HeldConnections {
  readonly client: string;
  readonly listeners: readonly string[];
}

/** Connections to one endpoint; `open` is the sum of the next four. */
export interface EndpointConnections {
  readonly upstream: string;
  readonly endpoint: string;
  readonly open: number;
  readonly connecting: number;
  readonly idle: number;
  readonly active: number;
  readonly tunnels: number;
  /** Exchanges that run on them. */
  readonly exchanges: number;
  /** Exchanges that wait for one. */
  readonly waiting: number;
}

/** The connections of one worker. */
export interface WorkerConnections {
  readonly listeners: readonly ListenerConnections[];
  /** Those with the most, most first; not all of them where there are too many. */
  readonly clients: readonly ClientConnections[];
  readonly clientCount: number;
  readonly endpoints: readonly EndpointConnections[];
}
