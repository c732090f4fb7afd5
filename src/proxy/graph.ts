import type { EndpointActivity } from '../contracts/endpoint-feed.js';
import type { ExplainAnswer, ExplainQuestion } from '../contracts/explanation.js';
import type { Forwarder } from '../contracts/forwarder.js';
import type { EndpointConnections } from '../contracts/live-view.js';
import type { CompiledRoute, Router } from '../contracts/router.js';
import type { Tracer } from '../contracts/tracing.js';
import type { IpSet } from '../http/ip-set.js';

/** Something that a graph made and must release: an upstream with its pools, a filter with a cache. */
export interface Disposable {
  dispose?(): void;
  /** Upstreams only. */
  activity?(): readonly EndpointActivity[];
  connections?(): readonly EndpointConnections[];
  /** Upstreams only: closes connections that have rested for so long. */
  closeLongIdle?(idleForMs: number): void;
}

export interface GraphParts {
  readonly router: Router<CompiledRoute>;
  readonly forwarder: Forwarder;
  readonly requestIdField: string;
  /** What this gateway calls itself in Via and Proxy-Status; empty for no name. */
  readonly proxyName: string;
  readonly trusted: IpSet;
  /** undefined where tracing is off. */
  readonly tracer?: Tracer | undefined;
  readonly owned: readonly Disposable[];
  /** Clients that are told what became of their request, if they ask; undefined where nobody is. */
  readonly traceFrom?: IpSet | undefined;
  /** What would become of a request here. */
  readonly explain?: (question: ExplainQuestion) => ExplainAnswer;
}

/**
 * Owns what one snapshot was compiled to. Every exchange holds on to the graph it began with: a retired graph is disposed
 * of when its last exchange ends, so that a reload cuts nothing.
 */
export class Graph {
  readonly router: Router<CompiledRoute>;
  readonly forwarder: Forwarder;
  readonly requestIdField: string;
  readonly proxyName: string;
  readonly trusted: IpSet;
  readonly explain: GraphParts['explain'];
  readonly tracer: Tracer | undefined;
  readonly traceFrom: IpSet | undefined;
  private readonly owned: readonly Disposable[];
  private exchanges = 0;
  private retired = false;
  private disposed = false;

  constructor(parts: GraphParts) {
    this.router = parts.router;
    this.forwarder = parts.forwarder;
    this.requestIdField = parts.requestIdField;
    this.proxyName = parts.proxyName;
    this.trusted = parts.trusted;
    this.explain = parts.explain;
    this.tracer = parts.tracer;
    this.traceFrom = parts.traceFrom;
    this.owned = parts.owned;
  }

  /** An exchange begins here. */
  enter(): void {
    this.exchanges += 1;
  }

  /** An exchange that began here has ended. */
  leave(): void {
    this.exchanges -= 1;
    if (this.retired && this.exchanges === 0) this.dispose();
  }

  /** No exchange begins here any more. */
  retire(): void {
    this.retired = true;
    if (this.exchanges === 0) this.dispose();
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  endpointActivity(): readonly EndpointActivity[] {
    return this.owned.flatMap((part) => part.activity?.() ?? []);
  }

  endpointConnections(): readonly EndpointConnections[] {
    return this.owned.flatMap((part) => part.connections?.() ?? []);
  }

  closeLongIdle(idleForMs: number): void {
    for (const part of this.owned) part.closeLongIdle?.(idleForMs);
  }

  /** Releases pools and filters, whatever still runs. Idempotent. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const part of this.owned) part.dispose?.();
  }
}
