import type { RetryBudgetConfig } from '../../contracts/config.js';
import type { RetryBudget } from '../../contracts/upstream.js';

/**
 * Owns how many retries and hedges of one upstream run at once in this worker: a share of the requests that run, as in Envoy's
 * `retry_budget`, so that an upstream that fails is not asked several times as often as one that does not.
 */
export class UpstreamRetryBudget implements RetryBudget {
  private readonly config: RetryBudgetConfig;
  private readonly running: () => number;
  private taken = 0;

  /** `running` says how many requests hold a connection now. Asked only when something has failed. */
  constructor(config: RetryBudgetConfig, running: () => number) {
    this.config = config;
    this.running = running;
  }

  take(gone: 0 | 1): boolean {
    const { share, minConcurrent } = this.config;
    const allowed = Math.max(minConcurrent, Math.floor(share * (this.running() + gone)));
    if (this.taken >= allowed) return false;
    this.taken += 1;
    return true;
  }

  give(): void {
    this.taken -= 1;
  }
}
