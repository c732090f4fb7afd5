/**
 * Owns the care for workers that run: they are measured, replaced when they are outdated, old or heavy, and made more or fewer
 * with the load. One change at a time.
 */
import type { Log } from '../../observability/logger.js';
import { Autoscaler } from './autoscaler.js';
import type { ScalingStep } from './autoscaler.js';
import type { MetricsCollector } from './metrics-collector.js';
import { Recycler } from './recycler.js';
import type { DueWorker } from './recycler.js';
import type { Roller } from './roller.js';
import type { Scheduler } from './scheduler.js';
import type { Supervisor } from './supervisor.js';
import { sampleOf } from './worker-samples.js';
import type { WorkerSample } from './worker-samples.js';
import type { WorkerRecord, WorkerSlot } from './worker-slot.js';

export interface PoolCareOptions {
  readonly supervisor: Pick<Supervisor, 'snapshot' | 'phase' | 'pool' | 'outdated'>;
  readonly roller: Pick<Roller, 'exclusively' | 'isBusy' | 'replace' | 'renew' | 'resize'>;
  readonly metrics: Pick<MetricsCollector, 'collect' | 'of'>;
  readonly scheduler: Scheduler;
  readonly log: Log;
}

const LONGEST_TICK_MS = 1000;
// Fresh counts this often, so that a worker that dies takes few of them along.
const COLLECT_INTERVAL_MS = 5000;

export class PoolCare {
  readonly #options: PoolCareOptions;
  readonly #recycler = new Recycler();
  readonly #autoscaler = new Autoscaler();
  readonly steps = { up: 0, down: 0 };
  #measuredAt = 0;
  #scaledAt = 0;
  #isBusy = false;
  #cancel: () => void = () => undefined;

  constructor(options: PoolCareOptions) {
    this.#options = options;
  }

  start(): void {
    this.#measuredAt = this.#options.scheduler.now();
    this.#plan();
  }

  stop(): void {
    this.#cancel();
  }

  /** As many places as the configuration that serves asks for; where it gives bounds, the nearest number within them. */
  async fitSize(): Promise<void> {
    const { supervisor, roller, scheduler } = this.#options;
    const { workers, scaling } = supervisor.snapshot;
    const count = supervisor.pool.slots.length;
    const wanted = Math.min(Math.max(count, workers), scaling?.max ?? workers);
    if (wanted === count) return;
    await roller.exclusively(async () => {
      roller.resize(wanted, () => this.#quietest(), 'fewer workers were configured');
      await Promise.resolve();
    });
    this.#autoscaler.changed(scheduler.now());
  }

  #plan(): void {
    this.#cancel = this.#options.scheduler.after(this.#tickMs(), () => {
      this.#plan();
      void this.#tickAlone();
    });
  }

  #tickMs(): number {
    const { scaling } = this.#options.supervisor.snapshot;
    return Math.min(LONGEST_TICK_MS, scaling?.intervalMs ?? LONGEST_TICK_MS);
  }

  async #tickAlone(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    await this.#tick().finally(() => (this.#isBusy = false));
  }

  /** A tick that comes a little early must not wait for the next one. */
  #isOver(sinceMs: number, durationMs: number): boolean {
    return this.#options.scheduler.now() - sinceMs >= durationMs - this.#tickMs() / 2;
  }

  async #tick(): Promise<void> {
    const { supervisor, roller, scheduler } = this.#options;
    const scalingMs = supervisor.snapshot.scaling?.intervalMs ?? Number.POSITIVE_INFINITY;
    if (this.#isOver(this.#measuredAt, Math.min(scalingMs, COLLECT_INTERVAL_MS))) await this.#measure();
    if (supervisor.phase !== 'ready' || roller.isBusy()) return;
    await this.#renewDue();
    if (roller.isBusy() || !this.#isOver(this.#scaledAt, scalingMs)) return;
    this.#scaledAt = scheduler.now();
    await this.#scale();
  }

  async #measure(): Promise<void> {
    this.#measuredAt = this.#options.scheduler.now();
    await this.#options.metrics.collect();
  }

  async #renewDue(): Promise<void> {
    const { supervisor, roller, scheduler } = this.#options;
    if (supervisor.outdated().length > 0) await roller.exclusively(() => roller.renew());
    const { slots } = supervisor.pool;
    const { recycle } = supervisor.snapshot.supervisor;
    const rssOf = (worker: WorkerRecord): number | undefined => this.#sample(worker)?.rssBytes;
    const due = this.#recycler.due(slots, recycle, rssOf, scheduler.now());
    if (due !== undefined) await roller.exclusively(() => this.#recycle(due));
  }

  async #recycle({ slot, reason }: DueWorker): Promise<void> {
    const { roller, scheduler } = this.#options;
    const livedMs = scheduler.now() - (slot.worker?.readyAt ?? scheduler.now());
    const isReplaced = await roller.replace(slot, reason);
    if (!isReplaced || reason === 'memory') this.#recycler.rest(slot, livedMs, scheduler.now());
  }

  async #scale(): Promise<void> {
    const { supervisor, roller, scheduler } = this.#options;
    const { workers, scaling } = supervisor.snapshot;
    if (scaling === undefined) return;
    const samples = this.#samples();
    if (samples === undefined) {
      this.#autoscaler.pause();
      return;
    }
    const step = this.#autoscaler.decide(samples, { workers, scaling }, scheduler.now());
    if (step !== undefined) await roller.exclusively(() => this.#take(step, samples.length));
  }

  async #take({ direction, signal, pressure }: ScalingStep, from: number): Promise<void> {
    const { roller, scheduler, log } = this.#options;
    const to = direction === 'up' ? from + 1 : from - 1;
    const facts = { from, to, signal, percentOfLimit: Math.round(pressure * 100) };
    log.info(facts, direction === 'up' ? 'One worker more' : 'One worker less');
    roller.resize(to, () => this.#quietest(), 'fewer workers are needed');
    this.steps[direction] += 1;
    this.#autoscaler.changed(scheduler.now());
    await Promise.resolve();
  }

  /** Of every worker; undefined while one of them is not ready or not known. */
  #samples(): readonly WorkerSample[] | undefined {
    const { slots } = this.#options.supervisor.pool;
    const samples = slots.flatMap(({ worker }) => {
      const sample = worker?.phase === 'ready' ? this.#sample(worker) : undefined;
      return sample === undefined ? [] : [sample];
    });
    return samples.length === slots.length ? samples : undefined;
  }

  #quietest(): WorkerSlot | undefined {
    const connections = ({ worker }: WorkerSlot): number =>
      worker === undefined ? -1 : (this.#sample(worker)?.downstreamSockets ?? 0);
    return [...this.#options.supervisor.pool.slots].sort((a, b) => connections(a) - connections(b))[0];
  }

  #sample(worker: WorkerRecord): WorkerSample | undefined {
    const metrics = this.#options.metrics.of(worker);
    return metrics === undefined ? undefined : sampleOf(metrics);
  }
}
