/**
 * Owns the overload ladder of one worker: looks at its resources a few times a second, decides which steps are taken, and
 * publishes them as plain fields that the data plane reads. Each step is on while any resource asks for it.
 */
import type {
  Overload,
  OverloadConfig,
  OverloadResource,
  OverloadThresholds,
} from '../../../contracts/overload.js';
import type { Log } from '../../../observability/logger.js';
import type { MetricsSnapshot, Sample } from '../../../observability/metrics-snapshot.js';
import type { OverloadReport } from '../../ipc/overload-report.js';
import type { DescriptorLedger } from './descriptor-ledger.js';
import { HeapShrinker } from './heap-shrinker.js';
import { ResourceLadder } from './ladder.js';
import type { StepChange } from './ladder.js';
import { LoopDelay } from './loop-delay.js';
import type { MemoryGauge } from './memory-gauge.js';
import { Descriptors, EventLoop, Memory } from './resources.js';
import type { Resource } from './resources.js';

/** What the data plane does about it. */
export interface OverloadRelief {
  /** Closes connections on both sides that have carried nothing for so long, the longest first, a part of them at a time. */
  closeLongIdle(idleForMs: number): void;
  /** There may be more or fewer descriptors for client connections than a moment ago. */
  descriptorsChanged(): void;
}

export interface OverloadMonitorOptions {
  readonly ledger: DescriptorLedger;
  /** Soft limit of file descriptors. */
  readonly descriptorLimit: number;
  readonly memory: MemoryGauge;
  /** Collects the garbage of the heap; stops the event loop meanwhile. */
  readonly collectGarbage: () => void;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** How often the event loop is asked how late it is. */
const PROBE_MS = 50;
/** Accepting is held back by what upstream connections take from here on, even where no step is configured. */
const SCARCE = 0.85;

const NO_RELIEF: OverloadRelief = { closeLongIdle: () => undefined, descriptorsChanged: () => undefined };

interface Watched {
  readonly resource: Resource;
  readonly ladder: ResourceLadder;
}

export class OverloadMonitor implements Overload {
  noKeepAlive = false;
  shed = false;
  shedBy: OverloadResource = 'fds';
  retryAfter = '1';
  readonly #options: OverloadMonitorOptions;
  readonly #descriptors: Descriptors;
  readonly #delay = new LoopDelay(0);
  readonly #watched: readonly Watched[];
  readonly #transitions = new Map<string, { readonly labels: readonly string[]; count: number }>();
  #config: OverloadConfig;
  readonly #shrinker: HeapShrinker;
  #relief = NO_RELIEF;
  #shortenIdle = false;
  #level = 0;
  #levelSince: number;
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(config: OverloadConfig, options: OverloadMonitorOptions) {
    this.#options = options;
    this.#config = config;
    this.#levelSince = options.wallClock();
    this.#shrinker = new HeapShrinker(options.collectGarbage);
    this.#descriptors = new Descriptors(options.ledger, options.descriptorLimit);
    const resources = [this.#descriptors, new Memory(options.memory), new EventLoop(this.#delay)];
    this.#watched = resources.map((resource) => ({ resource, ladder: new ResourceLadder(NOTHING) }));
    this.configure(config);
  }

  /** Below 0 never: there is no connection to give back. Known with and without a ladder. */
  get freeDescriptors(): number {
    return Math.max(0, this.#descriptors.free);
  }

  get mayConnect(): boolean {
    return this.#descriptors.hasSpare;
  }

  /** Another configuration holds from now on. Steps that it does not know are left at the next look. */
  configure(config: OverloadConfig): void {
    const { hysteresis, holdMs } = config;
    const restart = this.#timers.length > 0 && config.intervalMs !== this.#config.intervalMs;
    this.#config = config;
    this.retryAfter = String(config.retryAfterSeconds);
    for (const { resource, ladder } of this.#watched) {
      resource.configure(config);
      ladder.configure({ thresholds: resource.thresholds ?? NOTHING.thresholds, hysteresis, holdMs });
    }
    this.#watchDescriptors();
    if (restart) this.start(this.#relief);
  }

  start(relief: OverloadRelief): void {
    this.stop();
    this.#relief = relief;
    const probe = setInterval(this.#newProbe(), PROBE_MS);
    const look = setInterval(() => this.look(), this.#config.intervalMs);
    this.#timers = [probe.unref(), look.unref()];
    this.#options.ledger.recount();
    this.look();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** Looks at every resource, and does what follows from it. Called by a timer; a test calls it by hand. */
  look(): void {
    const nowMs = this.#options.now();
    // Where nobody asks for steps, the ledger of sockets will do until it matters.
    if (this.#config.fds !== undefined || this.#descriptors.measure() >= SCARCE)
      this.#options.ledger.recount();
    for (const watched of this.#watched) this.#judge(watched, nowMs);
    this.#publish();
    this.#shrinkHeap(nowMs);
    this.#relief.descriptorsChanged();
    if (this.#shortenIdle) this.#relief.closeLongIdle(this.#config.idleTimeoutMs);
  }

  /** Tells how late the event loop was just now. */
  noteDelay(delayMs: number): void {
    this.#delay.record(delayMs, this.#options.now());
  }

  metrics(): Pick<MetricsSnapshot, 'counters' | 'gauges'> {
    return {
      counters: {
        torus_overload_transitions_total: [...this.#transitions.values()].map(({ labels, count }): Sample => [
          labels,
          count,
        ]),
      },
      gauges: {
        torus_worker_overload_level: [[[], this.#level]],
        torus_worker_overload_pressure: this.#active().map(({ resource, ladder }): Sample => [
          [resource.name],
          ladder.pressure,
        ]),
      },
    };
  }

  describe(): OverloadReport {
    return {
      level: this.#level,
      since: new Date(this.#levelSince).toISOString(),
      steps: {
        'shorten-idle': this.#shortenIdle,
        'no-keep-alive': this.noKeepAlive,
        shed: this.shed,
      },
      resources: this.#active().map(({ resource, ladder }) => ({
        resource: resource.name,
        pressure: ladder.pressure,
        level: ladder.level,
        thresholds: stepsOf(ladder.thresholds),
        ...resource.facts(),
      })),
    };
  }

  #active(): readonly Watched[] {
    return this.#watched.filter(({ resource }) => resource.thresholds !== undefined);
  }

  #shrinkHeap(nowMs: number): void {
    const isFull = this.#watchedBy('memory').ladder.level > 0;
    // Looking into the heap is not for nothing.
    this.#shrinker.look(isFull, isFull ? this.#options.memory.heapObjectBytes() : 0, nowMs);
  }

  /** The timer itself is late by as much as the loop is. */
  #newProbe(): () => void {
    let lastMs = this.#options.now();
    return () => {
      const nowMs = this.#options.now();
      if (this.#config.loopDelay !== undefined) this.noteDelay(nowMs - lastMs - PROBE_MS);
      lastMs = nowMs;
    };
  }

  /** Sockets may open faster than anybody looks: from the first step on, each is judged as it opens. */
  #watchDescriptors(): void {
    const { ladder } = this.#watchedBy('fds');
    const alarm = Math.min(ladder.firstThreshold, SCARCE);
    this.#options.ledger.watch(alarm * this.#descriptors.usable, () => {
      this.#judge(this.#watchedBy('fds'), this.#options.now());
      this.#publish();
      this.#relief.descriptorsChanged();
    });
  }

  #watchedBy(name: OverloadResource): Watched {
    const watched = this.#watched.find(({ resource }) => resource.name === name);
    if (watched === undefined) throw new Error(`no such resource: ${name}`);
    return watched;
  }

  #judge({ resource, ladder }: Watched, nowMs: number): void {
    const pressure = resource.thresholds === undefined ? 0 : Math.min(1, resource.measure(nowMs));
    for (const change of ladder.update(pressure, nowMs)) this.#note(resource, pressure, change);
  }

  #note(resource: Resource, pressure: number, { step, entered }: StepChange): void {
    const { name } = resource;
    const labels = [name, step, entered ? 'entered' : 'left'];
    const key = labels.join(' ');
    const cell = this.#transitions.get(key) ?? { labels, count: 0 };
    cell.count += 1;
    this.#transitions.set(key, cell);
    const line = { step, resource: name, percent: Math.round(pressure * 100), ...resource.facts() };
    if (entered) this.#options.log.warn(line, 'Overload step entered');
    else this.#options.log.info(line, 'Overload step left');
  }

  #publish(): void {
    const asked = (step: StepChange['step']): readonly Watched[] =>
      this.#watched.filter(({ ladder }) => ladder.has(step));
    const shedding = asked('shed');
    const [worst] = [...shedding].sort((left, right) => right.ladder.pressure - left.ladder.pressure);
    this.#shortenIdle = asked('shorten-idle').length > 0;
    this.noKeepAlive = asked('no-keep-alive').length > 0;
    this.shed = shedding.length > 0;
    this.shedBy = worst?.resource.name ?? this.shedBy;
    const level = Math.max(...this.#watched.map(({ ladder }) => ladder.level));
    if (level !== this.#level) this.#levelSince = this.#options.wallClock();
    this.#level = level;
  }
}

const stepsOf = ({ shortenIdle, noKeepAlive, shed }: OverloadThresholds): OverloadThresholds => ({
  shortenIdle,
  noKeepAlive,
  shed,
});

const NOTHING = {
  thresholds: { shortenIdle: undefined, noKeepAlive: undefined, shed: undefined },
  hysteresis: 0,
  holdMs: 0,
};
