/** Owns what is remembered of reloads for people: what became of the last one, and since when the configuration serves. */
import type { LastReload } from '../../../contracts/status.js';
import { formatProblem } from '../../../config/index.js';
import type { ConfigProblem } from '../../../contracts/config.js';

export interface ReloadNote {
  readonly outcome: string;
  readonly problems: readonly ConfigProblem[];
  readonly needRestart: readonly string[];
}

/** A file that is no configuration at all can have as many problems as lines. */
const MAX_PROBLEMS = 20;

export class ReloadHistory {
  #last: LastReload | undefined;
  #appliedAt: number | undefined;

  get last(): LastReload | undefined {
    return this.#last;
  }

  /** Milliseconds since the epoch; undefined while the configuration of the start serves. */
  get appliedAt(): number | undefined {
    return this.#appliedAt;
  }

  note({ outcome, problems, needRestart }: ReloadNote, wallMs = Date.now()): void {
    this.#last = {
      ...{ at: new Date(wallMs).toISOString(), outcome, needRestart },
      problems: problems.slice(0, MAX_PROBLEMS).map((problem) => formatProblem(problem)),
    };
    if (outcome === 'applied') this.#appliedAt = wallMs;
  }
}
