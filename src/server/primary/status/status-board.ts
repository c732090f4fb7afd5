/** Owns how often the status is made: many readers at once cost as much as one. */
import type { StatusDocument } from '../../../contracts/status.js';
import type { MetricsCollector } from '../metrics-collector.js';
import type { Scheduler } from '../scheduler.js';
import { describeStatus } from './describe-status.js';
import type { StatusSources } from './describe-status.js';

export interface StatusBoardOptions extends StatusSources {
  readonly metrics: Pick<MetricsCollector, 'totals'>;
  readonly scheduler: Pick<Scheduler, 'now'>;
}

/** A document this young, in milliseconds, is given again: pages and terminals ask each second. */
const FRESH_MS = 400;

export class StatusBoard {
  readonly #options: StatusBoardOptions;
  #last: { readonly document: Promise<StatusDocument>; readonly madeAt: number } | undefined;

  constructor(options: StatusBoardOptions) {
    this.#options = options;
  }

  read(): Promise<StatusDocument> {
    const now = this.#options.scheduler.now();
    if (this.#last === undefined || now - this.#last.madeAt > FRESH_MS)
      this.#last = { document: this.#make(), madeAt: now };
    return this.#last.document;
  }

  async #make(): Promise<StatusDocument> {
    const { metrics, scheduler } = this.#options;
    const askedAt = scheduler.now();
    const totals = await metrics.totals();
    return describeStatus(this.#options, totals, { askedAt, now: scheduler.now(), wall: Date.now() });
  }
}
