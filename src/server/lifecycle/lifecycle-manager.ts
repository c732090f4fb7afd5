/** Owns the phases of a worker and the order of its teardown; it opens and closes nothing itself. */
import type { ShutdownConfig } from '../../contracts/config.js';
import type { DataPlane, LifecyclePhase } from '../../contracts/lifecycle.js';
import type { DrainReport } from '../ipc/messages.js';

/** Time as the lifecycle needs it, so that tests need none. */
export interface LifecycleClock {
  /** Resolves after that many milliseconds, or at once when `signal` aborts. Never rejects. */
  wait(durationMs: number, signal: AbortSignal): Promise<void>;
}

/** How a drain goes about it. */
export interface DrainPlan extends ShutdownConfig {
  /** Connections are not closed, but end with their next response or their keep-alive: no client meets a closed one. */
  readonly patient: boolean;
}

export interface LifecycleOptions {
  readonly plane: DataPlane;
  readonly shutdown: ShutdownConfig;
  readonly clock: LifecycleClock;
  onPhase?(phase: LifecyclePhase): void;
  /** The listening sockets are closed: from now on nobody connects here. */
  onStoppedAccepting?(): void;
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
  /** Replaced by another one when there is less time than was thought. */
  plan: DrainPlan;
  readonly clock: LifecycleClock;
  readonly onStoppedAccepting: () => void;
  /** Ends the wait for the exchanges as it was planned. */
  interrupt: () => void;
  report: DrainReport;
}

/**
 * The teardown, in order. Connections are taken until load balancers have had `delayMs` to notice that readiness failed;
 * idle ones go only after that, because cutting them earlier races with requests already on their way.
 */
const TEARDOWN: readonly Step[] = [
  { name: 'announce', run: ({ plane, plan }) => plane.announceDrain(plan.patient) },
  { name: 'delay', run: ({ clock, plan }) => pause(clock, plan.delayMs) },
  { name: 'stop-accepting', run: ({ plane }) => plane.stopAccepting() },
  { name: 'tell', run: ({ onStoppedAccepting }) => onStoppedAccepting() },
  { name: 'wait-for-newcomers', run: ({ plane }) => plane.whenNewcomersAsked() },
  { name: 'release-tunnels', run: ({ plane }) => plane.releaseTunnels() },
  { name: 'close-idle', run: ({ plane, plan }) => (plan.patient ? undefined : plane.closeIdle()) },
  { name: 'wait-for-exchanges', run: (teardown) => waitForExchanges(teardown) },
  { name: 'cut-the-rest', run: (teardown) => cutTheRest(teardown) },
  { name: 'dispose', run: ({ plane }) => plane.dispose() },
];

export class LifecycleManager {
  readonly #options: LifecycleOptions;
  #phase: LifecyclePhase = 'starting';
  #shutdown: ShutdownConfig;
  #teardown: Teardown | undefined;
  #report: Promise<DrainReport> | undefined;

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

  /**
   * Runs the teardown once; every caller gets the same report. A later call shortens one that was patient: idle connections
   * are closed at once, and what runs has the time of this call. Never rejects.
   */
  drain(plan: DrainPlan = { ...this.#shutdown, patient: false }): Promise<DrainReport> {
    if (this.#teardown?.plan.patient === true && !plan.patient) hasten(this.#teardown, plan);
    this.#report ??= this.#tearDown(plan);
    return this.#report;
  }

  async #tearDown(plan: DrainPlan): Promise<DrainReport> {
    const { plane, clock } = this.#options;
    const teardown: Teardown = {
      ...{ plane, plan, clock, report: NOTHING_DRAINED },
      onStoppedAccepting: () => this.#options.onStoppedAccepting?.(),
      interrupt: () => undefined,
    };
    this.#teardown = teardown;
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

const hasten = (teardown: Teardown, plan: DrainPlan): void => {
  teardown.plan = plan;
  teardown.plane.closeIdle();
  teardown.interrupt();
};

const waitForExchanges = async (teardown: Teardown): Promise<void> => {
  const { plane } = teardown;
  const drained = teardown.plan.patient
    ? plane.whenEmpty().then(() => plane.whenDrained())
    : plane.whenDrained();
  while ((await timeOrDrained(teardown, drained)) === 'hastened');
};

/** `hastened`: the plan has changed, and its time begins anew. */
const timeOrDrained = async (teardown: Teardown, drained: Promise<void>): Promise<'over' | 'hastened'> => {
  const { plan } = teardown;
  const waiting = new AbortController();
  teardown.interrupt = () => waiting.abort();
  try {
    return await Promise.race([
      drained.then(() => 'over' as const),
      teardown.clock
        .wait(plan.timeoutMs, waiting.signal)
        .then(() => (teardown.plan === plan ? 'over' : 'hastened')),
    ]);
  } finally {
    waiting.abort();
  }
};

// The clean ones are counted first: what is destroyed here ends as well.
const cutTheRest = (teardown: Teardown): void => {
  const clean = teardown.plane.endedWhileDraining;
  const cut = teardown.plane.destroyAll();
  teardown.report = { clean, cut: cut.length, exchanges: cut.slice(0, MAX_REPORTED_EXCHANGES) };
};
