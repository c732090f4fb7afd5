/** Owns what watchers show of the exchanges that run: the fields of `GET /streams` they need, in words. */
import { showBytes, showAge } from './format.js';

/** A narrow view of contracts/live-view.ts, which a browser cannot compile. */
export interface LiveStream {
  readonly id: string;
  readonly tunnel: string | null;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly route: string | null;
  readonly upstream: string | null;
  readonly endpoint: string | null;
  readonly phase: string;
  readonly ageMs: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly blocked: string | null;
  readonly blockedForMs: number;
}

export interface LiveStreams {
  readonly total: number;
  /** Of those asked for. */
  readonly matched: number;
  readonly missing: readonly unknown[];
  readonly streams: readonly LiveStream[];
}

/** The orders that watchers offer. */
export const STREAM_ORDERS = ['age', 'bytes', 'blocked', 'buffered', 'idle'] as const;
export type StreamOrder = (typeof STREAM_ORDERS)[number];

/** `slow`: only exchanges at least that old, such as `1s`. */
export const streamsQuery = (order: StreamOrder, limit: number, slow: string): string =>
  `/streams?sort=${order}&limit=${limit}&slow=${slow}`;

export const showStreamAge = ({ ageMs }: LiveStream): string =>
  ageMs < 10_000 ? `${(ageMs / 1000).toFixed(1)} s` : showAge(ageMs / 1000);

/** Whom it waits for, and for how long. */
export const showBlocked = ({ blocked, blockedForMs }: LiveStream): string =>
  blocked === null ? '–' : `${blocked} ${(blockedForMs / 1000).toFixed(1)} s`;

export const showTransfer = ({ requestBytes, responseBytes }: LiveStream): string =>
  `${showBytes(requestBytes)} / ${showBytes(responseBytes)}`;

export const showTarget = ({ method, host, path, tunnel }: LiveStream): string =>
  `${tunnel ?? method} ${host}${path}`;

export const showWay = ({ route, upstream, endpoint }: LiveStream): string =>
  [route, endpoint ?? upstream].filter((part) => part !== null).join(' → ') || '–';
