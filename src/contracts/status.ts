/** The document of `GET /status`: counts since the start and the state of now, small enough to be asked for each second. */

export interface StatusDocument {
  /** When it was made; ISO 8601. */
  readonly time: string;
  /** Monotonic milliseconds of the instance: rates are differences of two documents over this. */
  readonly clockMs: number;
  readonly instance: InstanceStatus;
  readonly config: ConfigStatus;
  readonly totals: StatusTotals;
  readonly now: {
    readonly exchanges: number;
    readonly sockets: { readonly downstream: number; readonly upstream: number };
  };
  /** By slot; one that leaves stands beside its successor. */
  readonly workers: readonly WorkerStatus[];
  readonly upstreams: readonly UpstreamStatus[];
  readonly certificates: readonly CertificateStatus[];
}

export interface InstanceStatus {
  readonly version: string;
  /** Version of Node. */
  readonly node: string;
  readonly pid: number;
  readonly host: string;
  readonly phase: 'starting' | 'ready' | 'draining';
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly workerRestarts: number;
}

export interface ConfigStatus {
  /** 1 at the start, one more with each configuration that was tried. */
  readonly generation: number;
  /** Since when it serves. */
  readonly appliedAt: string;
  /** Of all reloads since the start. */
  readonly reloads: Readonly<Record<string, number>>;
  readonly lastReload: LastReload | null;
}

export interface LastReload {
  readonly at: string;
  readonly outcome: string;
  /** Located problems and warnings, one line each. */
  readonly problems: readonly string[];
  readonly needRestart: readonly string[];
}

export interface StatusTotals {
  /** Exchanges that ended, and requests refused by their head. */
  readonly requests: number;
  /** Those that ended with a 5xx, or with a cause at the upstream or in Torus. */
  readonly failed: number;
  readonly outcomes: readonly OutcomeCount[];
  readonly duration: DurationCounts;
  /** Of bodies. */
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface OutcomeCount {
  readonly cause: string;
  /** `2xx` ...; `none` when no status was sent. */
  readonly status: string;
  readonly count: number;
}

export interface DurationCounts {
  /** Upper bounds in seconds; the last bucket has none. */
  readonly bounds: readonly number[];
  /** Of each bucket alone, one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

export interface WorkerStatus {
  readonly worker: number;
  /** null while the slot waits for a new worker. */
  readonly pid: number | null;
  readonly phase: string;
  readonly ageSeconds: number;
  /** Since the primary last heard of it, when it was asked for this document. */
  readonly silentSeconds: number;
  readonly requests: number;
  readonly sockets: { readonly downstream: number; readonly upstream: number };
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly openFds: number;
  /** Event loop delay, since it was last asked for. */
  readonly loopDelaySeconds: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** 0 to 1. */
  readonly loopUtilization: number;
  /** null where overload is not watched. */
  readonly overload: WorkerOverload | null;
}

export interface WorkerOverload {
  /** 0: none; 1 shorten-idle, 2 no-keep-alive, 3 shed. */
  readonly level: number;
  /** By resource; 1 is full. */
  readonly pressure: Readonly<Record<string, number>>;
}

export interface UpstreamStatus {
  readonly name: string;
  readonly available: number;
  /** Of those that are available. */
  readonly failing: number;
  readonly total: number;
  readonly panic: boolean;
  /** Those that are not available first, then those that fail; at most 100 of them in all upstreams together. */
  readonly endpoints: readonly EndpointStatus[];
}

export interface EndpointStatus {
  readonly address: string;
  readonly state: string;
  readonly available: boolean;
  readonly why: string;
  /** ISO 8601; absent for one that is leaving. */
  readonly since?: string;
  readonly active: number;
  readonly connections: number;
}

export interface CertificateStatus {
  readonly listener: string;
  readonly certificate: string;
  /** Negative once it has expired. */
  readonly daysLeft: number;
}
