/** Owns what a serving worker answers to the questions of the primary. */
import type { Log } from '../../observability/logger.js';
import type { Answers } from '../ipc/questions.js';
import { recordCpuProfile, recordHeap } from './diagnosis.js';

export interface AnswerSources {
  readonly log: Log;
}

export const composeAnswers = ({ log }: AnswerSources): Answers => ({
  'cpu-profile': async ({ file, durationMs }) => {
    await recordCpuProfile(file, durationMs);
    return true as const;
  },
  'heap-snapshot': ({ file }) => {
    recordHeap(file);
    return true;
  },
  'set-log-level': ({ level }) => {
    const former = log.level;
    log.level = level;
    return former;
  },
});
