/** Owns `torus workers` and `torus recycle`: how the workers of a running instance are, and new ones in their place. */
import { SILENT_SECONDS } from '../observability/status/verdict.js';
import { expectJson, openAdmin } from './admin-client.js';
import type { AdminClient, AdminTarget } from './admin-client.js';
import type { Output } from './output.js';
import { renderTable } from './table.js';

interface Report {
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  readonly workers: readonly Row[];
}

interface Row {
  readonly worker: number;
  readonly pid: number;
  readonly phase: string;
  readonly ageSeconds: number;
  readonly silentSeconds: number;
  readonly configVersion: number;
  readonly leaving?: { readonly reason: string; readonly seconds: number };
  /** The figures are there once the worker was measured. */
  readonly exchanges?: number;
  readonly sockets?: { readonly downstream: number; readonly upstream: number };
  readonly heapUsedBytes?: number;
  readonly rssBytes?: number;
  readonly eventLoopDelaySeconds?: number;
}

const COLUMNS = [
  { title: 'WORKER', right: true },
  { title: 'PID', right: true },
  { title: 'PHASE' },
  { title: 'AGE', right: true },
  { title: 'CONFIG', right: true },
  { title: 'CLIENTS', right: true },
  { title: 'UPSTREAM', right: true },
  { title: 'RUNNING', right: true },
  { title: 'HEAP', right: true },
  { title: 'MEMORY', right: true },
  { title: 'LOOP', right: true },
  { title: 'WHY', max: 60 },
];

/** Returns the exit code: 0 when every place has a ready worker that answers, else 1. */
export const showWorkers = async (
  { json, ...target }: AdminTarget & { readonly json: boolean },
  output: Output,
): Promise<number> => {
  const client = await openAdmin(target);
  const reply = await client.request('GET', '/workers');
  const { wanted, workers } = expectJson(reply) as Report;
  if (json) output.line(reply.body.trimEnd());
  else for (const line of renderTable(COLUMNS, workers.map(cellsOf))) output.line(line);
  return workers.filter((row) => row.phase === 'ready' && !isSilent(row)).length < wanted ? 1 : 0;
};

const isSilent = ({ silentSeconds }: Row): boolean => silentSeconds > SILENT_SECONDS;

const phaseOf = (row: Row): string =>
  isSilent(row) ? `${row.phase}, silent for ${ageOf(row.silentSeconds)}` : row.phase;

const cellsOf = (row: Row): (string | number)[] => [
  ...[row.worker, row.pid, phaseOf(row), ageOf(row.ageSeconds), row.configVersion],
  ...[row.sockets?.downstream ?? '-', row.sockets?.upstream ?? '-', row.exchanges ?? '-'],
  ...[megabytes(row.heapUsedBytes), megabytes(row.rssBytes), milliseconds(row.eventLoopDelaySeconds)],
  row.leaving === undefined ? '' : `${row.leaving.reason}, for ${ageOf(row.leaving.seconds)}`,
];

const megabytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${Math.round(bytes / 1_048_576)} MiB`;

const milliseconds = (seconds: number | undefined): string =>
  seconds === undefined ? '-' : `${Math.round(seconds * 1000)} ms`;

const ageOf = (seconds: number): string => {
  if (seconds < 120) return `${Math.round(seconds)}s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3600)}h`;
};

interface Recycled {
  readonly replaced: readonly { readonly worker: number; readonly former?: number; readonly pid?: number }[];
}

/** One worker, or all one after the other. Returns the exit code. */
export const recycle = async (
  { worker, ...target }: AdminTarget & { readonly worker: string | undefined },
  output: Output,
): Promise<number> => {
  const client = await openAdmin(target);
  // One by one, so that each is seen when it is done, however many there are.
  const numbers = worker === undefined ? await placesOf(client) : [worker];
  for (const number of numbers) {
    const reply = await client.request('POST', `/workers/${encodeURIComponent(number)}/recycle`);
    for (const { former, pid } of (expectJson(reply) as Recycled).replaced)
      output.line(`worker ${number}: ${former ?? 'nobody'} -> ${pid ?? 'nobody'}`);
  }
  return 0;
};

const placesOf = async (client: AdminClient): Promise<string[]> => {
  const { workers } = expectJson(await client.request('GET', '/workers')) as Report;
  return [
    ...new Set(workers.flatMap(({ worker, leaving }) => (leaving === undefined ? [String(worker)] : []))),
  ];
};
