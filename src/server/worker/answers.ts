/** Owns what a serving worker answers to the questions of the primary. */
import type { DataPlane } from '../../contracts/lifecycle.js';
import type { Log } from '../../observability/logger.js';
import type { OverloadReport } from '../ipc/overload-report.js';
import type { Answers } from '../ipc/questions.js';
import { recordCpuProfile, recordHeap } from './diagnosis.js';

export interface AnswerSources {
  readonly log: Log;
  readonly overload: { describe(): OverloadReport };
  readonly plane: Pick<DataPlane, 'explain' | 'streams' | 'killStream' | 'connections'>;
}

export const composeAnswers = ({ log, plane, overload }: AnswerSources): Answers => ({
  'cpu-profile': async ({ file, durationMs }) => {
    await recordCpuProfile(file, durationMs);
    return true as const;
  },
  'heap-snapshot': ({ file }) => {
    recordHeap(file);
    return true;
  },
  explain: (question) => plane.explain(question),
  'set-log-level': ({ level }) => {
    const former = log.level;
    log.level = level;
    return former;
  },
  streams: (query) => plane.streams(query),
  'kill-stream': ({ id }) => {
    const killed = plane.killStream(id);
    if (killed > 0) log.info({ id, killed }, 'Exchange killed by an operator');
    return killed;
  },
  connections: ({ maxClients }) => plane.connections(maxClients),
  overload: () => overload.describe(),
});
