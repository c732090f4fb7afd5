/** Owns `torus streams`: the exchanges that run in an instance now, and the end of one of them. */
import type { LiveExchange } from '../contracts/live-view.js';
import { AdminFailure } from './admin-failure.js';
import { expectJson, openAdmin } from './admin-client.js';
import { STREAM_OPTIONS } from './options.js';
import { renderTable } from './table.js';
import { targetOf } from './target.js';
import { shortSize, shortTime } from './units.js';
import type { CommandLine } from './verb.js';
import { warnMissing } from './missing.js';
import type { Missing } from './missing.js';

interface Report {
  readonly total: number;
  readonly matched: number;
  readonly missing: readonly Missing[];
  readonly streams: readonly (LiveExchange & { readonly worker: number })[];
}

const COLUMNS = [
  // A UUID fits: what is cut cannot be pasted behind `kill`.
  { title: 'ID', max: 40 },
  { title: 'AGE', right: true },
  { title: 'PHASE' },
  { title: 'BLOCKED' },
  { title: 'IN', right: true },
  { title: 'OUT', right: true },
  { title: 'CLIENT', max: 39 },
  { title: 'ROUTE', max: 20 },
  { title: 'ENDPOINT', max: 28 },
  { title: 'REQUEST', max: 60 },
];

/** Returns the exit code: 1 when there is no exchange with the id that was to be killed. */
export const streams = async (line: CommandLine): Promise<number> => {
  const [word, id] = line.words;
  if (word === undefined) return list(line);
  if (word !== 'kill' || id === undefined)
    throw new AdminFailure('write "torus streams" or "torus streams kill ID"');
  return kill(line, id);
};

const list = async (line: CommandLine): Promise<number> => {
  const client = await openAdmin(targetOf(line));
  const reply = await client.request('GET', `/streams?${queryOf(line).toString()}`);
  const report = expectJson(reply) as Report;
  if (line.options.json === true) line.output.line(reply.body.trimEnd());
  else {
    for (const text of renderTable(COLUMNS, report.streams.map(rowOf))) line.output.line(text);
    line.output.line(`${report.streams.length} of ${report.matched} shown, ${report.total} run`);
  }
  warnMissing(report.missing, line.output);
  return 0;
};

const queryOf = ({ options }: CommandLine): URLSearchParams => {
  const query = new URLSearchParams();
  for (const name of STREAM_OPTIONS) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  return query;
};

const rowOf = (stream: Report['streams'][number]): (string | number)[] => [
  stream.id,
  shortTime(stream.ageMs),
  stream.tunnel ?? stream.phase,
  stream.blocked === null ? '-' : `${stream.blocked} ${shortTime(stream.blockedForMs)}`,
  shortSize(stream.requestBytes),
  shortSize(stream.responseBytes),
  stream.client,
  stream.route ?? '-',
  stream.endpoint ?? '-',
  `${stream.method} ${stream.host}${stream.path}`,
];

const kill = async (line: CommandLine, id: string): Promise<number> => {
  const client = await openAdmin(targetOf(line));
  const reply = await client.request('DELETE', `/streams/${encodeURIComponent(id)}`);
  if (reply.status === 404) {
    line.output.problem(`torus: ${reply.body.trim()}`);
    return 1;
  }
  const { killed, missing } = expectJson(reply) as { killed: number; missing: readonly Missing[] };
  line.output.line(killed === 1 ? `killed ${id}` : `killed ${killed} exchanges with the id ${id}`);
  warnMissing(missing, line.output);
  return 0;
};
