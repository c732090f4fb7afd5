/** Owns the phases of a worker and the order of its teardown; it opens and closes nothing itself. */
import type { ShutdownConfig } from '../../contracts/config.js';
import type { DataPlane, LifecyclePhase } from '../../contracts/lifecycle.js';
import type { DrainReport } from '../ipc/messages.js';

/** Time as the lifecycle needs it, so that tests need none. */
export interface LifecycleClock {
  /** Resolves after that many milliseconds, or at once when `signal` aborts. Never rejects. */
  wait(durationMs: number, signal: AbortSignal): Promise<void>;
}

export interface LifecycleOptions {
  readonly plane: DataPlane;
  readonly shutdown: ShutdownConfig;
  readonly clock: LifecycleClock;
  onPhase?(phase: LifecyclePhase): void;
  /** A teardown step threw. The steps after it run all the same. */
  onStepFailed?(step: string, error: unknown): void;
}

export const MAX_REPORTED_EXCHANGES = 100;

const NOTHING_DRAINED: DrainReport = { clean: 0, cut: 0, exchanges: [] };

interface Step {
  readonly name: string;
  run(teardown: Teardown): void | Promise<void>;
}

interface Teardown {
  readonly plane: DataPlane;
  readonly shutdown: ShutdownConfig;
  readonly clock: LifecycleClock;
  report: DrainReport;
}

/**
 * The teardown, in order. Connections are taken until load balancers have had `delayMs` to notice that readiness failed;
 * idle ones go only after that, because cutting them earlier races with requests already on their way.
 */
const TEARDOWN: readonly Step[] = [
  { name: 'announce', run: ({ plane }) => plane.announceDrain() },
  { name: 'delay', run: ({ clock, shutdown }) => pause(clock, shutdown.delayMs) },
  { name: 'stop-accepting', run: ({ plane }) => plane.stopAccepting() },
  { name: 'close-idle', run: ({ plane }) => plane.closeIdle() },
  { name: 'wait-for-exchanges', run: (teardown) => waitForExchanges(teardown) },
  { name: 'cut-the-rest', run: (teardown) => cutTheRest(teardown) },
  { name: 'dispose', run: ({ plane }) => plane.dispose() },
];

export class LifecycleManager {
  readonly #options: LifecycleOptions;
  #phase: LifecyclePhase = 'starting';
  #shutdown: ShutdownConfig;
  #teardown: Promise<DrainReport> | undefined;

  constructor(options: LifecycleOptions) {
    this.#options = options;
    this.#shutdown = options.shutdown;
  }

  /** The limits of a drain that begins later. */
  configure(shutdown: ShutdownConfig): void {
    this.#shutdown = shutdown;
  }

  get phase(): LifecyclePhase {
    return this.#phase;
  }

  /** The data plane listens. Ignored once a drain has begun. */
  markReady(): void {
    if (this.#phase === 'starting') this.#enter('ready');
  }

  /** Runs the teardown once; every caller gets the same report. Never rejects. */
  drain(): Promise<DrainReport> {
    this.#teardown ??= this.#tearDown();
    return this.#teardown;
  }

  async #tearDown(): Promise<DrainReport> {
    const { plane, clock } = this.#options;
    const teardown: Teardown = { plane, shutdown: this.#shutdown, clock, report: NOTHING_DRAINED };
    this.#enter('draining');
    for (const step of TEARDOWN) await this.#runStep(step, teardown);
    this.#enter('stopped');
    return teardown.report;
  }

  async #runStep(step: Step, teardown: Teardown): Promise<void> {
    try {
      await step.run(teardown);
    } catch (error) {
      this.#options.onStepFailed?.(step.name, error);
    }
  }

  #enter(phase: LifecyclePhase): void {
    this.#phase = phase;
    this.#options.onPhase?.(phase);
  }
}

const pause = (clock: LifecycleClock, durationMs: number): Promise<void> =>
  durationMs > 0 ? clock.wait(durationMs, new AbortController().signal) : Promise.resolve();

const waitForExchanges = async ({ plane, shutdown, clock }: Teardown): Promise<void> => {
  const drained = new AbortController();
  try {
    await Promise.race([plane.whenDrained(), clock.wait(shutdown.timeoutMs, drained.signal)]);
  } finally {
    drained.abort();
  }
};

// The clean ones are counted first: what is destroyed here ends as well.
const cutTheRest = (teardown: Teardown): void => {
  const clean = teardown.plane.endedWhileDraining;
  const cut = teardown.plane.destroyAll();
  teardown.report = { clean, cut: cut.length, exchanges: cut.slice(0, MAX_REPORTED_EXCHANGES) };
};
