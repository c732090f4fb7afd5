import type { Cause } from './cause.js';
import type { Exchange } from './exchange.js';
import type { ExplainOptions, FilterExplanation } from './explanation.js';
import type { Fields } from './fields.js';
import type { ResponseHead } from './message.js';
import type { KeySetSource } from './key-set.js';

/** An answer Torus makes itself. Rendered as application/problem+json unless the status has no body. */
export interface LocalReply {
  readonly status: number;
  readonly cause: Cause;
  /** One sentence for the client. No secret, no internals. */
  readonly detail?: string;
  /** Extra fields: Location, WWW-Authenticate, Allow, Retry-After ... `[lower-case name, value]`. */
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

/** `undefined` lets the exchange go on; a LocalReply answers here and now. Returned, never thrown. */
export type FilterVerdict = LocalReply | undefined;

/**
 * One policy, compiled once per snapshot and route. Every phase is optional; a phase a filter lacks costs nothing.
 * Instances are shared by all exchanges of a route: per-request state belongs on the exchange.
 */
export interface Filter {
  readonly name: string;
  /**
   * Called once per exchange, in route order, before an endpoint is picked. The head is well formed but untrusted.
   * Answer synchronously when you can: a promise is awaited, and costs one. `upstreamFields` are the fields that will
   * be sent upstream: change those, never `exchange.request.fields`. A throw or rejection ends the exchange with 500.
   */
  onRequest?(exchange: Exchange, upstreamFields: Fields): FilterVerdict | Promise<FilterVerdict>;
  /**
   * A filter that must see the whole request body says how much of it at the most; the body is buffered (413 past the
   * limit) and passed to `onRequestBody` before anything is sent upstream.
   */
  readonly requestBodyLimitBytes?: number;
  onRequestBody?(
    exchange: Exchange,
    body: Buffer,
    upstreamFields: Fields,
  ): FilterVerdict | Promise<FilterVerdict>;
  /** Streamed request bodies longer than this end the exchange with 413. Buffers nothing. */
  readonly maxRequestBytes?: number;
  /**
   * What `onRequest` would do, decided by the same code, for a request that nobody has sent: nothing is fetched, counted or
   * remembered. Changes `upstreamFields` and `exchange.identity` as `onRequest` does, for those that come after it.
   */
  explain?(exchange: Exchange, upstreamFields: Fields, options: ExplainOptions): FilterExplanation;
  /** Called in reverse route order on the final response head, before it is written. Must not throw. */
  onResponse?(exchange: Exchange, response: ResponseHead): void;
  /** Called once when the exchange has ended, whatever the cause. Must not throw. */
  onComplete?(exchange: Exchange): void;
}

/** What a filter may not import: handed in by the composition root. */
export interface FilterServices {
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  readonly keySets: KeySetSource;
}

/** A named kind of filter: turns the options of one route (validated by config) into a Filter. Throws on unusable options. */
export interface FilterFactory<Options = unknown> {
  readonly name: string;
  create(options: Options, services: FilterServices): Filter & { dispose?(): void };
}
