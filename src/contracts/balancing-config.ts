/** What a request is recognised by when it shall come back to where others like it went. */
export type AffinityKeyConfig =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'client-address' }
  | { readonly kind: 'path' }
  /** `sub` of a verified token. */
  | { readonly kind: 'subject' };

export type BalancerConfig =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'least-request' }
  | { readonly kind: 'random' }
  | {
      readonly kind: 'peak-ewma';
      /** Time constant of the average: what was seen this long ago still counts for 37 %. */
      readonly decayMs: number;
      /** What a failed attempt counts for, at least. */
      readonly failurePenaltyMs: number;
    }
  | {
      readonly kind: 'consistent-hash';
      readonly on: AffinityKeyConfig;
      /** An endpoint takes at most this many times its fair share of the running exchanges; 0 for no bound. */
      readonly loadFactor: number;
    };

export interface StickyConfig {
  readonly cookie: StickyCookieConfig;
}

export interface StickyCookieConfig {
  readonly name: string;
  /** 0: until the browser is closed. */
  readonly ttlMs: number;
  readonly path: string;
  readonly domain: string | undefined;
  readonly httpOnly: boolean;
  /** `auto`: when the client asked over TLS. */
  readonly secure: boolean | 'auto';
  readonly sameSite: 'strict' | 'lax' | 'none';
  /** Keys the names of the endpoints; undefined for a key that everybody may know. */
  readonly secret: string | undefined;
}

/** How the weight of an endpoint grows after it became available. */
export interface SlowStartConfig {
  readonly windowMs: number;
  /** 1 is linear; above, the weight grows fast at first. */
  readonly aggression: number;
  /** Share of the full weight to begin with, from 0 to 1. */
  readonly minWeight: number;
}

/** Requests of one route divided between upstreams. */
export interface SplitConfig {
  /** At least one; the weights are not all 0. */
  readonly targets: readonly SplitTargetConfig[];
  /** Requests with the same key stay on one side; undefined: each request by chance. */
  readonly by: AffinityKeyConfig | undefined;
}

export interface SplitTargetConfig {
  readonly upstream: string;
  readonly weight: number;
}

/** Copies of a route's requests sent to another upstream. */
export interface MirrorConfig {
  readonly upstream: string;
  /** From 0 to 1. */
  readonly sample: number;
  readonly maxBodyBytes: number;
  readonly maxResponseBytes: number;
  /** In one worker. */
  readonly maxInFlight: number;
  /** From the whole request to the end of the answer. */
  readonly timeoutMs: number;
  readonly compare: boolean;
}
