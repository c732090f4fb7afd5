/** Owns the warning that an answer is not that of every worker. */
import type { Output } from './output.js';

export interface Missing {
  readonly worker: number;
  readonly problem: string;
}

export const warnMissing = (missing: readonly Missing[], output: Output): void => {
  for (const { worker, problem } of missing) output.problem(`worker ${worker} is not counted: ${problem}`);
};
