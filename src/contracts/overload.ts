/** What the parts know of the overload ladder: its configuration, and what the data plane asks of it. Model: Envoy's overload manager. */

/** What can run out. `fds` are file descriptors. */
export type OverloadResource = 'fds' | 'memory' | 'loop-delay';

/** The steps, from the mildest to the hardest. */
export type OverloadStep = 'shorten-idle' | 'no-keep-alive' | 'shed';

/** Pressures (0 to 1) at which the steps of a resource are taken; undefined: never. */
export interface OverloadThresholds {
  readonly shortenIdle: number | undefined;
  readonly noKeepAlive: number | undefined;
  readonly shed: number | undefined;
}

export interface MemoryOverload extends OverloadThresholds {
  /** Resident memory of one worker that counts as full; undefined: only the heap and the cgroup have a limit. */
  readonly limitBytes: number | undefined;
}

export interface LoopDelayOverload extends OverloadThresholds {
  /** The delay that counts as full. */
  readonly limitMs: number;
  /** What is older counts no more. */
  readonly windowMs: number;
}

export interface OverloadConfig {
  /** How often the resources are looked at. */
  readonly intervalMs: number;
  /** A step lasts at least this long. */
  readonly holdMs: number;
  /** A step is left this far below its threshold. */
  readonly hysteresis: number;
  /** With `shorten-idle`: connections that carried nothing for this long are closed. */
  readonly idleTimeoutMs: number;
  /** Whole seconds that clients are told to wait when they are shed. */
  readonly retryAfterSeconds: number;
  /** undefined: not watched. */
  readonly fds: OverloadThresholds | undefined;
  readonly memory: MemoryOverload | undefined;
  readonly loopDelay: LoopDelayOverload | undefined;
}

/** What the data plane reads, on each request: plain fields, written by the monitor. */
export interface Overload {
  /** HTTP/1 responses say that the connection closes; HTTP/2 connections take no stream after the next. */
  readonly noKeepAlive: boolean;
  /** New requests are answered 503, but for those of critical routes. */
  readonly shed: boolean;
  /** The resource that asks for it, for the log. */
  readonly shedBy: OverloadResource;
  /** Value of Retry-After. */
  readonly retryAfter: string;
  /** Client connections that may be accepted before descriptors run out. */
  readonly freeDescriptors: number;
  /** An upstream connection may be opened: there are descriptors left to refuse clients with. */
  readonly mayConnect: boolean;
}

/** The routes that are never shed, and those that are. */
export type OverloadPriority = 'normal' | 'critical';
