/** Owns the remote key sets of the instance: fetched once here, kept when the issuer is down, pushed to every worker. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import type { Jwk, KeySetSnapshot } from '../../contracts/key-set.js';
import type { Log } from '../../observability/logger.js';
import type { KeySets } from '../ipc/messages.js';
import type { Scheduler } from './scheduler.js';

export interface KeySetStoreOptions {
  readonly urls: readonly string[];
  readonly scheduler: Scheduler;
  readonly log: Log;
  /** In [0, 1). */
  random(): number;
  fetchKeys(url: string): Promise<readonly Jwk[]>;
  /** Called with each newly fetched set. */
  onChange(url: string, keySet: KeySetSnapshot): void;
}

export const REFRESH_INTERVAL_MS = 10 * 60_000;
export const MIN_REFRESH_GAP_MS = 10_000;

interface Entry {
  keySet: KeySetSnapshot | undefined;
  startedAt: number;
  running: Promise<void> | undefined;
}

export class KeySetStore {
  readonly #options: KeySetStoreOptions;
  readonly #entries: Map<string, Entry>;
  readonly fetches = { ok: 0, failed: 0 };
  /** One count for all URLs: a URL that a reload drops and another brings back must not repeat itself. */
  #generation = 0;
  #cancelRefresh: () => void = () => undefined;

  constructor(options: KeySetStoreOptions) {
    this.#options = options;
    this.#entries = new Map(options.urls.map((url) => [url, newEntry()]));
  }

  /** Begins the first fetches and the periodic ones. Does not wait for them. */
  start(): void {
    for (const url of this.#entries.keys()) void this.refresh(url);
    this.#planRefresh();
  }

  stop(): void {
    this.#cancelRefresh();
  }

  /** Makes these URLs known. Resolves when each new one was fetched, or could not be. Never rejects. */
  async add(urls: readonly string[]): Promise<void> {
    const added = urls.filter((url) => !this.#entries.has(url));
    for (const url of added) this.#entries.set(url, newEntry());
    await Promise.all(added.map((url) => this.refresh(url)));
  }

  /** Forgets every other URL. */
  retain(urls: readonly string[]): void {
    for (const url of [...this.#entries.keys()]) if (!urls.includes(url)) this.#entries.delete(url);
  }

  current(): KeySets {
    return [...this.#entries].flatMap(([url, { keySet }]) =>
      keySet === undefined ? [] : [[url, keySet] as const],
    );
  }

  /** Fetches unless that URL is unknown or was fetched a moment ago. Resolves when there is nothing to wait for. Never rejects. */
  refresh(url: string): Promise<void> {
    const entry = this.#entries.get(url);
    if (entry === undefined) return Promise.resolve();
    if (entry.running !== undefined) return entry.running;
    const now = this.#options.scheduler.now();
    if (now - entry.startedAt < MIN_REFRESH_GAP_MS) return Promise.resolve();
    entry.startedAt = now;
    entry.running = this.#fetch(url, entry);
    return entry.running;
  }

  async #fetch(url: string, entry: Entry): Promise<void> {
    try {
      const keys = await this.#options.fetchKeys(url);
      this.#generation += 1;
      entry.keySet = { generation: this.#generation, keys };
      this.fetches.ok += 1;
      this.#options.onChange(url, entry.keySet);
    } catch (error) {
      this.fetches.failed += 1;
      this.#options.log.error(
        { url: withoutSecrets(url), keptKeys: entry.keySet?.keys.length ?? 0, reason: reasonOf(error) },
        'Key set fetch failed',
      );
    } finally {
      entry.running = undefined;
    }
  }

  // Between 90 and 110 % of the interval, so that a fleet does not ask all at once.
  #planRefresh(): void {
    const delayMs = REFRESH_INTERVAL_MS * (0.9 + this.#options.random() * 0.2);
    this.#cancelRefresh = this.#options.scheduler.after(delayMs, () => {
      for (const url of this.#entries.keys()) void this.refresh(url);
      this.#planRefresh();
    });
  }
}

const newEntry = (): Entry => ({ keySet: undefined, startedAt: -Infinity, running: undefined });

/** Every JWKS URL that the routes of a snapshot name, once each. */
export const keySetUrls = (snapshot: ConfigSnapshot): string[] => {
  const filters = snapshot.routes.flatMap((route) => route.filters);
  const urls = filters.flatMap((filter) =>
    filter.name === 'jwt-auth' && filter.options.key.kind === 'jwks-url' ? [filter.options.key.url] : [],
  );
  return [...new Set(urls)];
};

const withoutSecrets = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed === undefined ? 'invalid' : `${parsed.origin}${parsed.pathname}`;
};

// fetch hides the reason (ECONNREFUSED and the like) in the cause.
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};
