/** Owns the table of workers: phase, what each holds, how late its event loop is, and how far up the overload ladder it went. */
import type { StatusDocument, WorkerStatus } from '../../src/contracts/status.js';
import {
  counted,
  showAge,
  showBytes,
  showLatency,
  showNumber,
  showShare,
} from '../../src/observability/status/format.js';
import { BAD_LOOP_SECONDS, SLOW_LOOP_SECONDS } from '../../src/observability/status/verdict.js';
import { byId, setText } from '../dom.js';
import { LiveTable } from '../live-table.js';
import type { Cell } from '../live-table.js';

const BUSY = 0.9;
const STEPS = ['none', 'shorten idle', 'no keep-alive', 'shed'];

export class WorkersSection {
  readonly #note = byId('workers-note');
  readonly #table = new LiveTable<WorkerStatus>(byId('workers-table'), {
    caption: 'Workers',
    empty: 'No workers.',
    keyOf: ({ worker, pid }) => `${worker} ${pid ?? ''}`,
    columns: [
      { title: 'Worker', cell: ({ worker }) => String(worker) },
      { title: 'Pid', cell: ({ pid }) => String(pid ?? '–'), right: true, wide: true },
      {
        title: 'Phase',
        cell: ({ phase }) => ({ text: phase, level: phase === 'ready' ? 'good' : 'warning' }),
      },
      { title: 'Age', cell: ({ ageSeconds }) => showAge(ageSeconds), right: true, wide: true },
      { title: 'Clients', cell: ({ sockets }) => showNumber(sockets.downstream), right: true },
      { title: 'Upstream', cell: ({ sockets }) => showNumber(sockets.upstream), right: true, wide: true },
      { title: 'Heap', cell: ({ heapBytes }) => showBytes(heapBytes), right: true },
      { title: 'Memory', cell: ({ rssBytes }) => showBytes(rssBytes), right: true, wide: true },
      { title: 'Fds', cell: ({ openFds }) => showNumber(openFds), right: true, wide: true },
      { title: 'Busy', cell: busyOf, right: true },
      { title: 'Loop delay p99', cell: delayOf, right: true },
      { title: 'Overload', cell: overloadOf, wide: true },
      { title: 'Requests', cell: ({ requests }) => showNumber(requests), right: true, wide: true },
    ],
  });

  update({ workers, instance }: StatusDocument): void {
    const ready = workers.filter(({ phase }) => phase === 'ready').length;
    const restarts =
      instance.workerRestarts === 0 ? 'no restarts' : counted(instance.workerRestarts, 'restart');
    setText(this.#note, `${ready} of ${workers.length} ready, ${restarts} since the start`);
    this.#table.update(workers);
  }
}

const busyOf = ({ loopUtilization }: WorkerStatus): Cell => ({
  text: showShare(loopUtilization),
  title: 'share of the last second that the event loop was at work',
  ...(loopUtilization > BUSY ? { level: 'warning' } : {}),
});

const delayOf = ({ loopDelaySeconds: { p99 } }: WorkerStatus): Cell => ({
  text: showLatency(p99),
  ...(p99 >= SLOW_LOOP_SECONDS ? { level: p99 >= BAD_LOOP_SECONDS ? 'bad' : 'warning' } : {}),
});

const overloadOf = ({ overload }: WorkerStatus): Cell => {
  if (overload === null) return { text: 'not watched' };
  const pressures = Object.entries(overload.pressure).map(([name, value]) => `${name} ${showShare(value)}`);
  const level = overload.level === 0 ? 'good' : overload.level < 3 ? 'warning' : 'bad';
  return { text: STEPS[overload.level] ?? String(overload.level), level, title: pressures.join(', ') };
};
