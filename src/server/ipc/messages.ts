/** Owns the words that primary and worker exchange, and decides which received values are such words. */
import type { BoundListener, ConfigSnapshot } from '../../contracts/config.js';
import type { EndpointOutcome, UpstreamEndpoints } from '../../contracts/endpoint-feed.js';
import type { KeySetSnapshot } from '../../contracts/key-set.js';
import type { LiveExchange } from '../../contracts/live-view.js';
import type { MetricsSnapshot } from '../../observability/metrics-snapshot.js';
import type { AnswerMessage, AskMessage } from './questions.js';

/** What became of the exchanges of one worker while it drained. */
export interface DrainReport {
  /** Exchanges that ended by themselves. */
  readonly clean: number;
  /** Exchanges that were destroyed at the deadline. */
  readonly cut: number;
  /** The exchanges that were cut; at most 100 of them. */
  readonly exchanges: readonly LiveExchange[];
}

export type KeySets = readonly (readonly [url: string, keySet: KeySetSnapshot])[];

/** What the primary knows of the endpoints of one snapshot: of all its upstreams, or of those that changed. */
export interface EndpointDirectoryState {
  /** Of the snapshot. */
  readonly version: number;
  readonly upstreams: readonly UpstreamEndpoints[];
}

/** From the primary to one worker. */
export type PrimaryMessage =
  | {
      readonly type: 'start';
      readonly slot: number;
      readonly snapshot: ConfigSnapshot;
      readonly keySets: KeySets;
      readonly endpoints: EndpointDirectoryState;
      readonly ticketKeys: string;
    }
  /** The primary counts the worker as ready. */
  | { readonly type: 'accepted' }
  /** Compose this beside what serves, and say whether that worked. Its listeners are those of the start. */
  | {
      readonly type: 'prepare';
      readonly snapshot: ConfigSnapshot;
      readonly endpoints: EndpointDirectoryState;
    }
  /** Every worker could: serve what was prepared. */
  | { readonly type: 'commit'; readonly version: number }
  /** Another worker could not: drop what was prepared. */
  | { readonly type: 'discard'; readonly version: number }
  | { readonly type: 'ping'; readonly sequence: number }
  | AskMessage
  | { readonly type: 'collect-metrics'; readonly request: number }
  | { readonly type: 'key-set'; readonly url: string; readonly keySet: KeySetSnapshot }
  | { readonly type: 'endpoints'; readonly endpoints: EndpointDirectoryState }
  /** Answers `refresh-key-set`, whether or not new keys came. */
  | { readonly type: 'key-set-refreshed'; readonly request: number }
  /** Make and read session tickets with keys derived from this; base64. */
  | { readonly type: 'ticket-keys'; readonly ticketKeys: string }
  /** Another one has taken its place: take nothing new, and end what runs within that time. */
  | { readonly type: 'retire'; readonly reason: string; readonly timeoutMs: number }
  /** Stop as the configuration says; to one that retires: sooner than it was told. */
  | { readonly type: 'shutdown'; readonly reason: string };

/** What a worker says of a snapshot that it was sent while it served. */
export type ConfigAnswer =
  | { readonly type: 'prepared'; readonly version: number }
  /** It cannot serve that snapshot; what it served before goes on. */
  | { readonly type: 'rejected'; readonly version: number; readonly problem: string }
  | { readonly type: 'applied'; readonly version: number };

/** From one worker to the primary. */
export type WorkerMessage =
  /** The worker's modules are loaded: it asks for its snapshot. */
  | { readonly type: 'hello' }
  | { readonly type: 'ready'; readonly listeners: readonly BoundListener[] }
  /** One line that says why this worker cannot serve; it exits next. */
  | {
      readonly type: 'boot-failed';
      readonly problem: string;
      readonly code: string | undefined;
      /** The one that could not be bound. */
      readonly listener: string | undefined;
    }
  | ConfigAnswer
  | { readonly type: 'pong'; readonly sequence: number }
  | AnswerMessage
  | { readonly type: 'metrics'; readonly request: number; readonly metrics: MetricsSnapshot }
  | { readonly type: 'refresh-key-set'; readonly request: number; readonly url: string }
  /** `version` is that of the snapshot whose upstream saw it. */
  | { readonly type: 'endpoint-outcome'; readonly version: number; readonly outcome: EndpointOutcome }
  /** It leaves, and its listening sockets are closed by now. */
  | { readonly type: 'stopped-accepting' }
  /** The last word of a worker: what its drain came to, and its final counts. */
  | { readonly type: 'drained'; readonly report: DrainReport; readonly metrics: MetricsSnapshot };

type FieldKind = 'number' | 'string' | 'object' | 'array';
type Shapes<Message extends { type: string }> = Readonly<
  Record<Message['type'], Readonly<Record<string, FieldKind>>>
>;

const PRIMARY_SHAPES: Shapes<PrimaryMessage> = {
  start: { slot: 'number', snapshot: 'object', keySets: 'array', endpoints: 'object', ticketKeys: 'string' },
  accepted: {},
  prepare: { snapshot: 'object', endpoints: 'object' },
  commit: { version: 'number' },
  discard: { version: 'number' },
  ping: { sequence: 'number' },
  ask: { request: 'number', kind: 'string', question: 'object' },
  'collect-metrics': { request: 'number' },
  'key-set': { url: 'string', keySet: 'object' },
  endpoints: { endpoints: 'object' },
  'key-set-refreshed': { request: 'number' },
  'ticket-keys': { ticketKeys: 'string' },
  retire: { reason: 'string', timeoutMs: 'number' },
  shutdown: { reason: 'string' },
};

const WORKER_SHAPES: Shapes<WorkerMessage> = {
  hello: {},
  ready: { listeners: 'array' },
  'boot-failed': { problem: 'string' },
  prepared: { version: 'number' },
  rejected: { version: 'number', problem: 'string' },
  applied: { version: 'number' },
  pong: { sequence: 'number' },
  answer: { request: 'number', result: 'object' },
  metrics: { request: 'number', metrics: 'object' },
  'refresh-key-set': { request: 'number', url: 'string' },
  'endpoint-outcome': { version: 'number', outcome: 'object' },
  'stopped-accepting': {},
  drained: { report: 'object', metrics: 'object' },
};

/** The value as a message of the primary, or undefined when it is none. Fields are checked by kind, not in depth. */
export const parsePrimaryMessage = (value: unknown): PrimaryMessage | undefined =>
  matches(value, PRIMARY_SHAPES) ? (value as PrimaryMessage) : undefined;

/** The value as a message of a worker, or undefined when it is none. Fields are checked by kind, not in depth. */
export const parseWorkerMessage = (value: unknown): WorkerMessage | undefined =>
  matches(value, WORKER_SHAPES) ? (value as WorkerMessage) : undefined;

const matches = (
  value: unknown,
  shapes: Readonly<Record<string, Readonly<Record<string, FieldKind>>>>,
): boolean => {
  if (kindOf(value) !== 'object') return false;
  const message = value as Readonly<Record<string, unknown>>;
  const type = message['type'];
  if (typeof type !== 'string' || !Object.hasOwn(shapes, type)) return false;
  return Object.entries(shapes[type] ?? {}).every(([name, kind]) => kindOf(message[name]) === kind);
};

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'array';
  return value === null ? 'null' : typeof value;
};
