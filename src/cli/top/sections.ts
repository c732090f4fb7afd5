/** Owns the tables of `torus top`: a title and rows, the ones to look at first on top. */
import type { WorkerStatus } from '../../contracts/status.js';
import { byStanding, standingOf } from '../../observability/status/endpoint-standing.js';
import type { EndpointStanding } from '../../observability/status/endpoint-standing.js';
import { showAge, showBytes, showLatency, showNumber, showShare } from '../../observability/status/format.js';
import { showBlocked, showStreamAge, showTarget } from '../../observability/status/live-streams.js';
import type { LiveStream } from '../../observability/status/live-streams.js';
import { overloadStep } from '../../observability/status/overload-step.js';
import { errorName, errorsIn, isFailure } from '../../observability/status/totals.js';
import { SLOW_LOOP_SECONDS } from '../../observability/status/verdict.js';
import { renderTable } from '../table.js';
import type { Column } from '../table.js';
import { line } from './view.js';
import type { Line, Tone, TopView } from './view.js';

export interface Section {
  readonly title: Line;
  readonly rows: readonly Line[];
}

export const sectionsOf = (view: TopView): Section[] => [
  errors(view),
  workers(view),
  endpoints(view),
  ...streams(view),
];

const errors = ({ remembered }: TopView): Section => {
  const found = errorsIn(remembered?.outcomes ?? []);
  const over = showAge(remembered?.seconds ?? 0);
  if (found.length === 0) return { title: line(`ERRORS  none in ${over}`, 'title'), rows: [] };
  const columns = [
    { title: `ERRORS in ${over}`, max: 48 },
    { title: 'STATUS' },
    { title: 'COUNT', right: true },
  ];
  return table(columns, found, {
    cells: (row) => [errorName(row), row.status === 'none' ? '-' : row.status, showNumber(row.count)],
    tone: (row) => (isFailure(row) ? 'bad' : 'warning'),
  });
};

const workers = ({ status }: TopView): Section => {
  const columns = [
    { title: 'WORKER' },
    { title: 'PHASE' },
    ...['CLIENTS', 'UPSTR', 'HEAP', 'MEMORY', 'BUSY', 'LOOP P99'].map((title) => ({ title, right: true })),
    { title: 'OVERLOAD' },
  ];
  return table(columns, status.workers, { cells: workerCells, tone: workerTone });
};

const workerCells = (worker: WorkerStatus): string[] => [
  `${worker.worker} (${worker.pid ?? '-'})`,
  worker.phase,
  showNumber(worker.sockets.downstream),
  showNumber(worker.sockets.upstream),
  showBytes(worker.heapBytes),
  showBytes(worker.rssBytes),
  showShare(worker.loopUtilization),
  showLatency(worker.loopDelaySeconds.p99),
  overloadStep(worker.overload?.level ?? 0) ?? '-',
];

const workerTone = ({ phase, overload, loopDelaySeconds }: WorkerStatus): Tone => {
  if (overload?.level === 3) return 'bad';
  const isFine =
    phase === 'ready' && (overload?.level ?? 0) === 0 && loopDelaySeconds.p99 < SLOW_LOOP_SECONDS;
  return isFine ? 'plain' : 'warning';
};

const endpoints = ({ status }: TopView): Section => {
  const all = status.upstreams.flatMap(({ name, endpoints: own }) =>
    own.map((endpoint) => ({ name, endpoint })),
  );
  const worstFirst = [...all].sort((one, other) => byStanding(one.endpoint, other.endpoint));
  const columns = [
    { title: 'UPSTREAM', max: 16 },
    { title: 'ENDPOINT', max: 28 },
    { title: 'STATE' },
    { title: 'ACTIVE', right: true },
    { title: 'WHY' },
  ];
  return table(columns, worstFirst, {
    cells: ({ name, endpoint }) => [
      name,
      endpoint.address,
      endpoint.state,
      showNumber(endpoint.active),
      endpoint.why,
    ],
    tone: ({ endpoint }) => ENDPOINT_TONES[standingOf(endpoint)],
  });
};

const ENDPOINT_TONES: Readonly<Record<EndpointStanding, Tone>> = {
  out: 'bad',
  failing: 'bad',
  passing: 'muted',
  fine: 'plain',
};

const streams = ({ streams: live, order }: TopView): Section[] => {
  if (live === undefined) return [];
  const columns = [
    { title: 'STREAM AGE', right: true },
    { title: 'PHASE' },
    { title: 'BLOCKED' },
    { title: 'OUT', right: true },
    { title: 'CLIENT', max: 24 },
    { title: `REQUEST (${live.total} run, by ${order})` },
  ];
  return [
    table(columns, live.streams, {
      cells: streamCells,
      tone: ({ blocked }) => (blocked === null ? 'plain' : 'warning'),
    }),
  ];
};

const streamCells = (stream: LiveStream): string[] => [
  showStreamAge(stream),
  stream.tunnel ?? stream.phase,
  showBlocked(stream),
  showBytes(stream.responseBytes),
  stream.client,
  showTarget(stream),
];

interface RowStyle<Row> {
  readonly cells: (row: Row) => readonly string[];
  readonly tone: (row: Row) => Tone;
}

const table = <Row>(columns: readonly Column[], rows: readonly Row[], style: RowStyle<Row>): Section => {
  const [title = '', ...lines] = renderTable(columns, rows.map(style.cells));
  return {
    title: line(title, 'title'),
    rows: lines.map((text, at) => {
      const row = rows[at];
      return line(text, row === undefined ? 'plain' : style.tone(row));
    }),
  };
};
