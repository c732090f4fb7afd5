/** Owns what a serving worker answers to the questions of the primary. */
import type { Log } from '../../observability/logger.js';
import type { OverloadReport } from '../ipc/overload-report.js';
import type { Answers } from '../ipc/questions.js';

export interface AnswerSources {
  readonly log: Log;
  readonly overload: { describe(): OverloadReport };
}

export const composeAnswers = ({ log, overload }: AnswerSources): Answers => ({
  'set-log-level': ({ level }) => {
    const former = log.level;
    log.level = level;
    return former;
  },
  overload: () => overload.describe(),
});
