/** Owns the endpoints of the instance: one state for each upstream, shared by all workers, kept over crashes and reloads. */
import { isDeepStrictEqual } from 'node:util';
import type { ConfigSnapshot } from '../../../contracts/config.js';
import type { EndpointOutcome, UpstreamEndpoints } from '../../../contracts/endpoint-feed.js';
import type { UpstreamConfig } from '../../../contracts/upstream-config.js';
import type { EndpointDirectoryState } from '../../ipc/messages.js';
import type { EndpointSource } from './sources/source.js';
import { UpstreamState } from './upstream-state.js';
import type { UpstreamStateServices } from './upstream-state.js';

export interface EndpointDirectoryOptions {
  readonly snapshot: Pick<ConfigSnapshot, 'version' | 'upstreams'>;
  readonly services: UpstreamStateServices;
  makeSource(upstream: UpstreamConfig): EndpointSource;
  /** The state of these upstreams has changed. */
  onChange(state: EndpointDirectoryState): void;
}

interface Candidate {
  readonly config: UpstreamConfig;
  readonly source: EndpointSource;
  readonly isNewSource: boolean;
}

/** Workers are forked, and a reload goes on, after this, whether or not every name was resolved. */
export const FIRST_LOOK_MS = 2000;
/** Workers are told at once, and not again sooner than this: changes that come together are told together. */
const TELL_GAP_MS = 10;

export class EndpointDirectory {
  readonly #options: EndpointDirectoryOptions;
  #version: number;
  #upstreams: Map<string, UpstreamState>;
  readonly #changed = new Set<string>();
  #cancelTelling: (() => void) | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #prepared: { readonly version: number; readonly candidates: readonly Candidate[] } | undefined;
  #isStopped = false;

  constructor(options: EndpointDirectoryOptions) {
    this.#options = options;
    this.#version = options.snapshot.version;
    this.#upstreams = new Map(
      options.snapshot.upstreams.map((config) => [
        config.name,
        this.#newState(config, options.makeSource(config)),
      ]),
    );
  }

  get upstreams(): readonly UpstreamState[] {
    return [...this.#upstreams.values()];
  }

  /** Begins to look and to check. Resolves when every source has had its first look, or none must be waited for any longer. */
  async start(): Promise<void> {
    await this.#firstLook(this.upstreams.map(({ source }) => source));
    if (this.#isStopped) return;
    for (const state of this.upstreams) state.start(true);
    this.#cancelTelling?.();
    this.#tell();
  }

  /** Nothing is looked for, checked or told any more. */
  stop(): void {
    this.#isStopped = true;
    this.discard();
    this.#cancelTelling?.();
    for (const state of this.upstreams) state.stop();
  }

  current(): EndpointDirectoryState {
    return { version: this.#version, upstreams: this.upstreams.map((state) => state.view()) };
  }

  /** Worker messages about another snapshot than the one that serves come too late. */
  receive(version: number, outcome: EndpointOutcome): void {
    if (version === this.#version && !this.#isStopped)
      this.#upstreams.get(outcome.upstream)?.onOutcome(outcome);
  }

  /** What workers need to know to prepare that snapshot. What serves is not touched. Never rejects. */
  async prepare({
    version,
    upstreams,
  }: Pick<ConfigSnapshot, 'version' | 'upstreams'>): Promise<EndpointDirectoryState> {
    this.discard();
    const candidates = upstreams.map((config) => this.#candidateFor(config));
    this.#prepared = { version, candidates };
    await this.#firstLook(candidates.flatMap(({ source, isNewSource }) => (isNewSource ? [source] : [])));
    return { version, upstreams: candidates.map((candidate) => this.#viewOf(candidate)) };
  }

  /** What was prepared serves from now on. */
  commit(): void {
    if (this.#prepared === undefined || this.#isStopped) return;
    const { version, candidates } = this.#prepared;
    this.#prepared = undefined;
    this.#version = version;
    const before = this.#upstreams;
    this.#upstreams = new Map(candidates.map((candidate) => [candidate.config.name, this.#adopt(candidate)]));
    for (const [name, state] of before) if (!this.#upstreams.has(name)) state.stop();
    for (const name of this.#upstreams.keys()) this.#changed.add(name);
  }

  /** The workers were told everything. */
  get isTold(): boolean {
    return this.#changed.size === 0;
  }

  /** Tells what has changed now, not in a moment. */
  tellNow(): void {
    this.#cancelTelling?.();
    this.#tell();
  }

  discard(): void {
    for (const { source, isNewSource } of this.#prepared?.candidates ?? []) if (isNewSource) source.stop();
    this.#prepared = undefined;
  }

  #candidateFor(config: UpstreamConfig): Candidate {
    const known = this.#upstreams.get(config.name);
    if (known !== undefined && isSameSource(known.config, config))
      return { config, source: known.source, isNewSource: false };
    return { config, source: this.#options.makeSource(config), isNewSource: true };
  }

  #viewOf({ config, source }: Candidate): UpstreamEndpoints {
    const state = this.#upstreams.get(config.name) ?? this.#newState(config, source);
    return state.viewAs(config, source.current());
  }

  #adopt({ config, source }: Candidate): UpstreamState {
    const known = this.#upstreams.get(config.name);
    if (known !== undefined) {
      known.reconfigure(config, source);
      return known;
    }
    const state = this.#newState(config, source);
    state.start(true);
    return state;
  }

  #newState(config: UpstreamConfig, source: EndpointSource): UpstreamState {
    const onChange = (): void => this.#onChange(config.name);
    return new UpstreamState(config, source, this.#options.services, onChange);
  }

  #firstLook(sources: readonly EndpointSource[]): Promise<void> {
    const looks = Promise.all(sources.map((source) => source.start()));
    return new Promise((resolve) => {
      const cancel = this.#options.services.scheduler.after(FIRST_LOOK_MS, resolve);
      void looks.then(() => {
        cancel();
        resolve();
      });
    });
  }

  #onChange(upstream: string): void {
    this.#changed.add(upstream);
    const { scheduler } = this.#options.services;
    const delayMs = Math.max(0, this.#toldAtMs + TELL_GAP_MS - scheduler.now());
    this.#cancelTelling ??= scheduler.after(delayMs, () => this.#tell());
  }

  #tell(): void {
    this.#cancelTelling = undefined;
    this.#toldAtMs = this.#options.services.scheduler.now();
    const views = [...this.#changed].flatMap((name) => this.#upstreams.get(name)?.view() ?? []);
    this.#changed.clear();
    if (views.length > 0 && !this.#isStopped)
      this.#options.onChange({ version: this.#version, upstreams: views });
  }
}

const isSameSource = (left: UpstreamConfig, right: UpstreamConfig): boolean =>
  isDeepStrictEqual(left.discovery, right.discovery) && isDeepStrictEqual(left.endpoints, right.endpoints);
