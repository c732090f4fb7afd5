import type { EndpointConfig } from './upstream-config.js';

/** What a worker needs to know of one endpoint. Decided once for the instance, by the primary. */
export interface EndpointView {
  /** Tells endpoints apart, as long as they live. */
  readonly key: string;
  readonly config: EndpointConfig;
  /** It may be picked: no check and no ejection speaks against it. */
  readonly available: boolean;
  /** Milliseconds since it became available; undefined when it has been since the start. */
  readonly availableForMs?: number;
  /** It failed a moment ago, here or in another worker: whether it serves now is news. */
  readonly suspect: boolean;
}

/** The endpoints of one upstream now, as plain data: it crosses the IPC channel. */
export interface UpstreamEndpoints {
  readonly upstream: string;
  /** Too few endpoints are available: all of them are used. */
  readonly panic: boolean;
  /** Each address once. */
  readonly endpoints: readonly EndpointView[];
}

/** What a worker saw of one endpoint since it last told; for the ejection of failing ones. */
export interface EndpointOutcome {
  readonly upstream: string;
  /** Key of the endpoint. */
  readonly endpoint: string;
  /** It served something. */
  readonly served: boolean;
  /** Failures since then, with nothing served in between. */
  readonly failures: number;
  /** What the last failure was: a status, or the cause of a failed attempt. */
  readonly reason: string;
}

/** The way of a worker's upstreams to the state that they share with all other workers. */
export interface EndpointFeed {
  /** The endpoints of an upstream now; undefined where nobody knows better than the configuration. */
  current(upstream: string): UpstreamEndpoints | undefined;
  /** Calls with each change until the returned function is called. */
  follow(upstream: string, onChange: (endpoints: UpstreamEndpoints) => void): () => void;
  report(outcome: EndpointOutcome): void;
}

/** Exchanges that run on one endpoint in one worker. */
export interface EndpointActivity {
  readonly upstream: string;
  readonly endpoint: string;
  readonly active: number;
}
